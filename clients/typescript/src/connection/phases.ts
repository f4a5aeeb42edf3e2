/** What a connection is about. In an order: those with a socket come first, then those that go on without being asked to. */
export const CONNECTING = 0;
/** Connected, and not let in yet: who is denied is closed here. */
export const GREETING = 1;
export const OPEN = 2;
/** For the next attempt; where none is due, for the page. */
export const WAITING = 3;
/** Not started. */
export const IDLE = 4;
export const CLOSING = 5;
export const CLOSED = 6;
