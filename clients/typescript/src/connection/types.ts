import type { RoomError } from '../errors.js';

/** Another one in each copy of this package. */
declare const copy: unique symbol;

/** Names something of the server's that can be connected to, and carries its types. */
export interface Ref<T = unknown> {
  readonly module: string;
  readonly name: string;
  /**
   * Exists in the type only. Its name is what TypeScript says when it comes from another copy of the package, whose
   * rooms are not shared with this one's.
   */
  readonly 'Two copies of roomful are installed; `npm ls roomful` shows both'?: Carried<T>;
}

interface Carried<T> {
  readonly types: T;
  readonly copy: typeof copy;
}

export type IncomingOf<T> = T extends { incoming: infer M } ? M : never;
export type OutgoingOf<T> = T extends { outgoing: infer M } ? M : never;

/** An option that is required exactly when there are params, and refused when there are none. */
export type ParamsOption<Name extends string, P> = [keyof P] extends [never]
  ? { [_ in Name]?: never }
  : { [_ in Name]: ParamValues<P> };

/** Those that may be absent may be `undefined`, too, whatever `exactOptionalPropertyTypes` says. */
type ParamValues<P> = { [K in keyof P]: {} extends Pick<P, K> ? P[K] | undefined : P[K] };

/**
 * `connecting`: the first attempt, until the server lets one in. `reconnecting`: waiting for, or making, a further
 * one. `closed`: for good; or, once `maxRetries` are spent, until one of the attempts that go on succeeds (see
 * `keepTrying`).
 */
export type ConnectionStatus = 'connecting' | 'open' | 'reconnecting' | 'closing' | 'closed';

/**
 * Why a connection ended, as WebSocket close events have it. 1006 is what a browser reports for a connection that
 * ended without a close frame, and this client for one that it gave up. After a `close` without a closing handshake
 * (nothing was open, or others of the page go on with the connection) these are its own code and reason, and
 * `wasClean` is false.
 */
export interface CloseInfo {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

/** A value that changes, to be watched alone. */
export interface Binding<V> {
  /** The value now. To ask makes nothing render. */
  get(): V;
  /** Calls `listener` when it has changed. Returns the unsubscriber. */
  subscribe(listener: () => void): () => void;
}

/** What is known of a connection. Never mutated: a changed one is a new object. */
export interface ConnectionInfo {
  /** Whether it is open. */
  readonly online: boolean;
  /**
   * When it was lost, or could not be made, in milliseconds of `performance.now()`, for as long as it is to come
   * back; `undefined` while it is open, and once it is closed for good.
   */
  readonly lostSince: number | undefined;
  /**
   * Milliseconds from the last ping to its answer; `undefined` until there was one, which takes a heartbeat of the
   * server's (25 s by default), and with a plain server.
   */
  readonly roundTrip: number | undefined;
}

/**
 * How a lost connection is retried: the n-th time after a delay drawn from `minDelay` to `minDelay * growth^n`, at
 * most `maxDelay`.
 */
export interface ReconnectOptions {
  /**
   * Attempts after a loss before the status is `closed`. Default 5. The count restarts once a connection has
   * lasted (the server has said something after its greeting, or 10 s have passed), and when the page comes
   * online, is shown or becomes visible, which also tries at once. An attempt at the time that a restarting
   * server named, and one while the browser says that it is offline, is not counted.
   */
  maxRetries?: number | undefined;
  /** Milliseconds, at least. Default 250. */
  minDelay?: number | undefined;
  /** Milliseconds, at most. Default 30000. */
  maxDelay?: number | undefined;
  /** Default 2. */
  growth?: number | undefined;
  /**
   * After `maxRetries` go on with one attempt each `maxDelay`, spread by half of it, with status `closed` until
   * one succeeds; what is sent meanwhile waits. Default true. `false`: only the page's coming back tries again.
   */
  keepTrying?: boolean | undefined;
}

/**
 * What proves who this is, or a function that finds it. It goes to the server among the offered sub-protocols, so no
 * address has it, and no log of addresses. `undefined` and `''`: there is nothing to prove.
 */
export type Credentials =
  string | undefined | (() => string | undefined | Promise<string | undefined>);

/** The part of the WebSocket interface that is used. Browsers, Node 22 and the `ws` package have it. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly protocol: string;
  readonly bufferedAmount: number;
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/** The options that rooms and sockets have in common. `undefined` is like leaving one out, whatever the app's flags are. */
export interface ConnectionOptions {
  /**
   * At every open, the reopening after a loss too. It is open from the server's first frame on, and not from
   * the handshake, because who is denied is told so after that.
   */
  onOpen?: (() => void) | undefined;
  /** At every loss of the connection, before a retry too. */
  onClose?: ((info: CloseInfo) => void) | undefined;
  /**
   * What went wrong: `send` or `setPresence` was refused, here or by the server, which may also have sent what cannot
   * be read; a callback threw. Default: `console.error`.
   */
  onError?: ((error: RoomError) => void) | undefined;
  /** Default: false for 1000 and 4000-4999, but for 4401 where `credentials` is a function. While a connection is shared, one `true` is enough. */
  shouldReconnect?: ((info: CloseInfo) => boolean) | undefined;
  /** Read when the connection is made; of a shared one, the first to come decides. */
  reconnect?: ReconnectOptions | undefined;
  /**
   * `false`: stay disconnected, with status `closed`. Default true. In a hook, what is sent and set meanwhile waits
   * until it is true; without one nothing can make it true, so what is sent is refused.
   */
  enabled?: boolean | undefined;
  /**
   * What the server's guards see as `upgrade.credentials()`. A function is asked anew at each attempt, and when the server
   * says that they are about to expire. One that fails, or that takes too long (20 s), has failed the attempt, and the
   * next one asks again. Where the server says that they have expired (4401), a function is a reason to come back, and a
   * value is none. Of a shared connection, those of the first to come.
   */
  credentials?: Credentials;
  /** Origin of the server, `http(s)` or `ws(s)`. Default: the page's. */
  url?: string | undefined;
  /** Resolved against `url`; may have a query. Default `/__sockets`. */
  path?: string | undefined;
  /** Default: `globalThis.WebSocket`. */
  WebSocket?: WebSocketConstructor | undefined;
}
