import {
  broken,
  isString,
  parse,
  stringify,
  type Frame,
  type OnBad,
  type OnFrame,
} from '../connection/wire.js';
import type { Member } from './types.js';

export const BYE = '{"t":"bye"}';

/** What is `undefined` has no key on the wire. @throws RoomError `bad_message`. */
export const encodeMessage = (msg: unknown): string => stringify({ t: 'msg', msg }, 'bad_message');

/** @throws RoomError `bad_presence`. */
export const encodePresence = (state: unknown): string =>
  stringify({ t: 'presence', state }, 'bad_presence');

/** What a server says of who is in a room. */
export interface RosterFrame {
  t: 'snapshot' | 'presence' | 'updates';
  // `snapshot`
  self: string;
  /** `n`: what names a member in `updates`. */
  members: (Member & { n?: unknown })[];
  resumed?: unknown;
  // `presence`
  op: 'join' | 'update' | 'away' | 'leave';
  from: string;
  n?: unknown;
  state?: unknown;
  /** Of an update: absent, it is what it was; `null`, there is none any more. */
  info?: unknown;
  user?: string;
  // `updates`
  of: [n: number, state?: unknown][];
}

/**
 * Reads one WebSocket message: a frame, or a batch of them in order. Frames of a kind that this client
 * does not know are passed on, for the receiver to skip, so that the server may learn new ones; one that
 * is broken is given to `onBad` and does not take the rest of its batch with it.
 */
export function readFrames(data: unknown, _: unknown, onFrame: OnFrame, onBad: OnBad): void {
  const parsed = parse(data, onBad);
  if (parsed === undefined) return;
  for (const frame of Array.isArray(parsed) ? parsed : [parsed]) {
    if (isSound(frame)) onFrame(frame as Frame);
    else onBad(broken());
  }
}

const isList = (list: any, isSound: (item: any) => boolean): boolean =>
  Array.isArray(list) && list.every(isSound);

/** Whether a frame has what its kind must have. One of an unknown kind has, whatever it holds. */
function isSound(frame: any): boolean {
  switch (frame?.t) {
    case 'snapshot':
      return isString(frame.self) && isList(frame.members, (member) => isString(member?.id));
    case 'updates':
      return isList(frame.of, (entry) => entry?.[0] != null);
    case 'presence':
    case 'msg':
      return isString(frame.from);
    case 'error':
      return isString(frame.code);
    default:
      return isString(frame?.t);
  }
}
