/** Half the server's default burst, so that a flushed queue alone is never rate limited. */
export const MAX_QUEUED_FRAMES = 256;

/** What a server lets one client have out without an answer. */
export const MAX_OUT = 64;

/** UTF-16 units held for one connection, in the queue or in the browser's own send buffer. */
export const MAX_QUEUED_SIZE = 1 << 20;

/**
 * Presence states a second, unless an app says otherwise: what a server passes on at most, too, and as smooth as an
 * eye wants it.
 */
export const PRESENCE_RATE = 30;

/** How long a state waits where so much has been sent that has not left yet. */
export const FULL_PAUSE = 100;

/** A handshake that has not ended by then is retried: a swallowed SYN takes minutes to fail by itself. */
export const CONNECT_TIMEOUT = 20_000;

/** How long a server may take, guards and all, to say its first word on a connection that has been made. */
export const GREETING_TIMEOUT = 10_000;

/** How long a deliberate close waits for the peer's half of the closing handshake. */
export const CLOSE_TIMEOUT = 5_000;

/** How long a page that wakes waits for a sign of life, and how old an attempt may be that it goes on with. */
export const WAKE_TIMEOUT = 5_000;

/** How long a loss lasts before it is worth a word to a person: most are over sooner. */
export const LOST_AFTER = 5_000;

/** What the server is told by a client that gives a socket up and will be back. */
export const GIVEN_UP = 4900;

/** An open connection that stood for so long has lasted, though nothing was said over it. */
export const LASTING = 10_000;

/** A server that asks for more frequent pings than this gets this: a mistaken unit must not spin. */
export const MIN_HEARTBEAT = 100;

/** The longest `retry=` of a restarting server that is believed. */
export const MAX_RETRY_AFTER = 600_000;

/** How long those stay listed after a return who are not back yet: a restarted server's clients come one by one. */
export const KEEP_MEMBERS = 2_000;

/** How long a user stays listed whose last member has left: what a server waits before it says that a user has gone. */
export const USER_LINGER = 2_000;

/** A longer `setTimeout` fires at once. */
export const MAX_TIMER = 0x7fffffff;

/**
 * How long a connection outlives the last component that used it. Preact runs the effects of the page
 * that comes after those of the page that goes, as much as a frame later; less than that drops the
 * connection at every navigation between two pages that show one room.
 */
export const LINGER = 100;
