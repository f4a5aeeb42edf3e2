/** What every connection has in common on the wire, whatever is said over it. */
import { RoomError } from '../errors.js';

/** The dialect that is offered. A server that does not select it speaks the plain one. */
export const SUBPROTOCOL = 'roomful.v1';

/**
 * The sub-protocols to offer: of what a browser may say in a handshake, the only thing in no log. `resumption`: the
 * session to go on with, if any.
 */
export const offers = (credentials: string | undefined, resumption: string | []): string[] =>
  [SUBPROTOCOL].concat(
    resumption,
    credentials
      ? 'roomful.auth.' +
          btoa(String.fromCharCode(...new TextEncoder().encode(credentials)))
            .replace(/=/g, '')
            .replace(/\+/g, '-')
            .replace(/\//g, '_')
      : [],
  );

/** A frame of a room's, which the server is to answer. */
export const withId = (data: string, id: number): string => `{"id":${id},` + data.slice(1);

export const PING = '{"t":"ping"}';

export const encodeAuth = (credentials: string): string =>
  stringify({ t: 'auth', credentials }, 'credentials_failed');

/**
 * What is heard over a connection, read from whatever the wire is. Frames of other kinds are the state's
 * business, or nobody's.
 */
export interface Frame {
  t: string;
  // The greeting, which is the first frame of a v1 server.
  heartbeat?: number;
  limits?: { frame?: number };
  // The greeting of a room that has sessions: what to present next time, and what became of the session before.
  session?: string;
  self?: string;
  resumed?: boolean;
  acked?: number;
  /** Of a message, of an `ack`, of a greeting and of a `gap`: how far what was said in the room has been told. */
  seq?: number;
  // `ack`, and `error` where it is of a frame that had one
  id?: number;
  // `msg`
  msg?: unknown;
  from?: string;
  // `error`
  code?: string;
  reason?: string;
}

export type OnFrame = (frame: Frame) => void;
export type OnBad = (error: RoomError) => void;

/** What is sent is written so, and read again where this client needs it itself. */
export let write: (value: unknown) => string = JSON.stringify;
export let reread: (text: string) => any = JSON.parse;

/** For values that JSON itself refuses. */
export function writeWith(other: typeof write, back: typeof reread): void {
  write = other;
  reread = back;
}

/**
 * JSON, with U+FFFD in the place of a surrogate without its other half, which UTF-8 cannot say.
 *
 * @throws RoomError `code` for what JSON cannot say.
 */
export function stringify(value: unknown, code: string): string {
  try {
    // JSON writes as \ud... only what is alone. Escapes are read in pairs, since the text itself may have a backslash.
    return write(value)?.replace(/\\(ud...|.)/g, (escape) => (escape[5] ? '\ufffd' : escape));
  } catch (cause) {
    throw new RoomError(code, `${cause}`, { cause });
  }
}

/** `undefined`, which no JSON says, when it cannot be read; `onBad` hears why. */
export function parse(data: unknown, onBad: OnBad): unknown | void {
  try {
    return JSON.parse(data as string);
  } catch (cause) {
    onBad(broken(cause));
  }
}

/** Without the frame, which may be nested too deep to be written, and hold what belongs into no log. */
export const broken = (cause?: unknown): RoomError =>
  new RoomError('unreadable', 'a broken frame', { cause });

export const isString = (value: unknown): boolean => typeof value === 'string';

/** Bytes of `text` in UTF-8, exact only when it could be over `limit`. */
export function exceeds(text: string, limit: number): boolean {
  return text.length * 3 > limit && new TextEncoder().encode(text).length > limit;
}
