import type { ConnectionField } from '../connection/fields.js';
import type {
  ConnectionOptions,
  ConnectionStatus,
  CloseInfo,
  IncomingOf,
  OutgoingOf,
  ParamsOption,
  Ref,
} from '../connection/types.js';

/**
 * What a socket is typed by. The generated `rooms.gen.ts` fills it in from Rust.
 *
 * `incoming` and `outgoing` are named from the server's side, as in Rust: `incoming` is what a
 * client sends, `outgoing` is what a client receives.
 */
export interface SocketTypes {
  /** Absent or `{}` for a socket that has none. */
  params?: object;
  incoming?: unknown;
  outgoing?: unknown;
}

export type ParamsOf<T> = T extends { params: infer P } ? P : {};

/** Names one socket of the server and carries its types. Made by `socket()`. */
export interface SocketRef<T extends SocketTypes = SocketTypes> extends Ref<{ socket: T }> {}

export type SocketStatus = ConnectionStatus;

interface BaseOptions<T extends SocketTypes, L extends boolean> extends ConnectionOptions {
  /** Never re-renders anything. */
  onMessage?: ((message: OutgoingOf<T>) => void) | undefined;
  /** `true`: the last message is kept as `lastMessage`, and is a change like any other. Default false. */
  lastMessage?: L | undefined;
  /**
   * `true`: one connection for all on this page who share this socket with these params. Default false,
   * because what the server keeps for a socket it keeps for one connection.
   */
  share?: boolean | undefined;
}

/** `params` is required exactly when the socket has any, optional ones too, and refused when it has none. */
export type SocketOptions<T extends SocketTypes, L extends boolean = boolean> = ParamsOption<
  'params',
  ParamsOf<T>
> &
  BaseOptions<T, L>;

/** The options argument itself is required exactly when `params` is. */
export type SocketArgs<T extends SocketTypes, L extends boolean = boolean> =
  {} extends ParamsOption<'params', ParamsOf<T>>
    ? [options?: SocketOptions<T, L>]
    : [options: SocketOptions<T, L>];

interface BaseSocket<T extends SocketTypes> {
  /**
   * Sends a message, or queues it until the connection is open. Never throws: what is refused goes to `onError`, as
   * `bad_message` for what JSON cannot say, `undefined` too, `closed` on a socket that is closed for good, `too_large`
   * over the server's frame limit, `queue_full` when 256 messages or 1 MiB wait.
   */
  readonly send: (message: IncomingOf<T>) => void;
  /**
   * Makes another connection at once, and restarts the count of retries: the one that there is, or the attempt, is
   * given up. Nothing happens to what is closed for good. A shared connection is another one for everybody.
   */
  readonly reconnect: () => void;
  /**
   * Closes the socket for good and suppresses reconnecting. Of a shared connection only this user is
   * closed, unless it is the last.
   *
   * @throws RangeError unless `code` is 1000 or 3000-4999 and `reason` fits 123 bytes.
   */
  readonly close: (code?: number, reason?: string) => void;
  readonly status: SocketStatus;
  /** The last loss of the connection; `undefined` before there was one. */
  readonly closeInfo: CloseInfo | undefined;
}

interface LastMessage<T extends SocketTypes> {
  /** `undefined` before the first message. Kept over reconnects. */
  readonly lastMessage: OutgoingOf<T> | undefined;
}

/** What `openSocket` and the hooks have in common. `L`: the option `lastMessage`. */
export type Socket<T extends SocketTypes, L extends boolean = false> = BaseSocket<T> &
  ([L] extends [false] ? {} : LastMessage<T>);

/** The values of a socket that change, and can be watched. */
export type SocketField = ConnectionField | 'lastMessage';

/** An open socket, without a framework. */
export type SocketHandle<T extends SocketTypes, L extends boolean = false> = Socket<T, L> & {
  /** Calls `listener` after any of `fields` (default: all) has changed. Returns the unsubscriber. */
  readonly subscribe: (listener: () => void, fields?: readonly SocketField[]) => () => void;
  /** Lets go of the socket at once, without calling `onClose`. */
  readonly leave: () => void;
};

/** A reference whose socket can be opened from a component. */
export interface SocketHookRef<T extends SocketTypes> extends SocketRef<T> {
  readonly useSocket: <L extends boolean = false>(...args: SocketArgs<T, L>) => Socket<T, L>;
}
