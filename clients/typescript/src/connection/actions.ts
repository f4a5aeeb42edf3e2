/** What is to be done about what happened to a connection. */
import type { CloseInfo } from './types.js';

export const CONNECT = 0;
export const SEND = 1;
/** Begin the closing handshake. */
export const CLOSE = 2;
/** Forget the socket: nothing that it still does is of interest. */
export const DROP = 3;
/** Forget the socket and take it as lost. */
export const ABANDON = 4;
export const OPENED = 5;
export const CLOSED = 6;

export interface Actions {
  [CONNECT]: [];
  [SEND]: [data: string];
  [CLOSE]: [code: number, reason: string];
  [DROP]: [code?: number];
  [ABANDON]: [info: CloseInfo];
  [OPENED]: [];
  [CLOSED]: [info: CloseInfo];
}

export type Action = { [N in keyof Actions]: [N, ...Actions[N]] }[keyof Actions];
