import { Network } from './network.js';
import { secretOf } from './person.js';

/** This page's network; one for the whole page, because sockets of one room are shared. */
export const network = new Network();

/**
 * How the page connects: it does not give up while somebody looks at it. The longest delay is short, so that all are back
 * within a moment of a restart; where thousands would come at once, leave the default of 30 s.
 */
export const connection = {
  WebSocket: network.WebSocket,
  reconnect: { maxRetries: Infinity, maxDelay: 1_500 },
  credentials: () => secretOf(),
} as const;
