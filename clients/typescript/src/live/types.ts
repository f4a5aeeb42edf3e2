import type { ConnectionField } from '../connection/fields.js';
import type {
  CloseInfo,
  ConnectionOptions,
  ConnectionStatus,
  ParamsOption,
  Ref,
} from '../connection/types.js';
import type { RoomError } from '../errors.js';
import type { KeyOf } from '../room/types.js';

/** What a live value is typed by. The generated `rooms.gen.ts` fills it in from Rust. */
export interface LiveTypes {
  /** The channel's params. Absent or `{}` for a channel that has none. */
  key?: object;
  value?: unknown;
}

export type ValueOf<T> = T extends { value: infer V } ? V : never;

/** Names one live value of the server and carries its types. Made by `live()`. */
export interface LiveRef<T extends LiveTypes = LiveTypes> extends Ref<{ live: T }> {}

interface BaseOptions<T extends LiveTypes> extends ConnectionOptions {
  /**
   * What there is to show until the server says the value: what it was when a server rendered the page, for example. Read
   * anew for each key.
   */
  initial?: ValueOf<T> | undefined;
  /** `false`: a connection of its own, even if another one to this value and key exists. Default true. */
  share?: boolean | undefined;
}

/** `key` is required exactly when the channel has params, optional ones too, and refused when it has none. */
export type LiveOptions<T extends LiveTypes> = ParamsOption<'key', KeyOf<T>> & BaseOptions<T>;

/** Options of a live value that there is from the beginning. */
export type BegunLiveOptions<T extends LiveTypes> = LiveOptions<T> & { initial: ValueOf<T> };

/** The options argument itself is required exactly when `key` is. */
export type LiveArgs<T extends LiveTypes> =
  {} extends ParamsOption<'key', KeyOf<T>> ? [options?: LiveOptions<T>] : [options: LiveOptions<T>];

export type LiveStatus = ConnectionStatus;

/** What `watchLive` and the hooks have in common. `I`: what there is where there is no value; `never` with `initial`. */
export interface Live<T extends LiveTypes, I = undefined> {
  /**
   * The latest that is known, kept over reconnects and where it cannot be loaded; before the server has said it, `initial`.
   * Never mutated: a value that says the same stays the same object.
   */
  readonly value: ValueOf<T> | I;
  /** That the server could not load it, until it can; the value is then the last one. The server tries again by itself. */
  readonly error: RoomError | undefined;
  readonly status: LiveStatus;
  /** The last loss of the connection; `undefined` before there was one. */
  readonly closeInfo: CloseInfo | undefined;
  /**
   * Asks anew, on another connection and at once, and restarts the count of retries: for a button beside what says that
   * there is no connection, or that it could not be loaded. The value is then what the server has, and `error` whether it
   * still cannot be loaded. However many ask while one attempt is on its way, it is that one. Nothing happens to what is
   * closed for good. What is to be loaded again because it has changed is the server's to say (`rooms.wake`), or every page
   * could have it load as often as it likes. A shared connection is another one for everybody.
   */
  readonly refresh: () => void;
  /**
   * Watches no more, and does not come back. Of a shared connection only this user is closed, unless it is the last.
   *
   * @throws RangeError unless `code` is 1000 or 3000-4999 and `reason` fits 123 bytes.
   */
  readonly close: (code?: number, reason?: string) => void;
}

/** The values of a live value that change, and can be watched. */
export type LiveField = ConnectionField | 'value' | 'error';

/** A live value that is watched, without a framework. */
export interface LiveHandle<T extends LiveTypes, I = undefined> extends Live<T, I> {
  /** Calls `listener` after any of `fields` (default: all) has changed. Returns the unsubscriber. */
  readonly subscribe: (listener: () => void, fields?: readonly LiveField[]) => () => void;
  /** Watches no more, at once and without calling `onClose`. */
  readonly leave: () => void;
}

/** A reference whose value can be watched from a component. */
export interface LiveHookRef<T extends LiveTypes> extends LiveRef<T> {
  readonly useLive: {
    (options: BegunLiveOptions<T>): Live<T, never>;
    (...args: LiveArgs<T>): Live<T>;
  };
}
