import { Network } from './network.js';

/** This page's network; one for the whole page, because sockets of one room are shared. */
export const network = new Network();

/** How the page connects: it does not give up while somebody looks at it. */
export const connection = {
  WebSocket: network.WebSocket,
  reconnect: { maxRetries: Infinity, maxDelay: 5_000 },
} as const;
