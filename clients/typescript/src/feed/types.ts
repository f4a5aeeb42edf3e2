import type { ConnectionField } from '../connection/fields.js';
import type {
  CloseInfo,
  ConnectionOptions,
  ConnectionStatus,
  ParamsOption,
  Ref,
} from '../connection/types.js';
import type { KeyOf } from '../room/types.js';

/** What a feed is typed by. The generated `rooms.gen.ts` fills it in from Rust. */
export interface FeedTypes {
  /** The channel's params. Absent or `{}` for a channel that has none. */
  key?: object;
  /** What the server publishes. */
  event?: unknown;
}

export type EventOf<T> = T extends { event: infer E } ? E : never;

/** Names one feed of the server and carries its types. Made by `feed()`. */
export interface FeedRef<T extends FeedTypes = FeedTypes> extends Ref<{ feed: T }> {}

interface BaseOptions<T extends FeedTypes> extends ConnectionOptions {
  /** Each event, once and in order. Never re-renders anything. */
  onEvent?: ((event: EventOf<T>) => void) | undefined;
  /** It came back, and hears now all that was published meanwhile; after `onOpen`. */
  onResume?: (() => void) | undefined;
  /**
   * Events were missed and do not follow: it came back too late for that, or the server did not keep them. After `onOpen`,
   * where there was one.
   */
  onMissed?: (() => void) | undefined;
  /** `false`: a connection of its own, even if another one to this feed and key exists. Default true. */
  share?: boolean | undefined;
}

/** What makes a state of the events. How much that keeps is the reducer's to say: `[event, ...last].slice(0, 50)`. */
interface StateOptions<T extends FeedTypes, S> {
  /** The state before the first event, read when the feed is opened. */
  initial: S;
  /** The state with one event more. It changes nothing of the one before. */
  reduce: (state: S, event: EventOf<T>) => S;
  /** The state where events were missed, before `onMissed` is called. Default: it stays as it is. */
  reduceMissed?: ((state: S) => S) | undefined;
}

interface NoState {
  initial?: never;
  reduce?: never;
  reduceMissed?: never;
}

/** `key` is required exactly when the channel has params, optional ones too, and refused when it has none. */
export type FeedOptions<T extends FeedTypes> = ParamsOption<'key', KeyOf<T>> &
  BaseOptions<T> &
  NoState;

/** Options of a feed whose events become a state. */
export type ReducedFeedOptions<T extends FeedTypes, S> = ParamsOption<'key', KeyOf<T>> &
  BaseOptions<T> &
  StateOptions<T, S>;

/** The options argument itself is required exactly when `key` is. */
export type FeedArgs<T extends FeedTypes> =
  {} extends ParamsOption<'key', KeyOf<T>> ? [options?: FeedOptions<T>] : [options: FeedOptions<T>];

export type FeedStatus = ConnectionStatus;

/** What `openFeed` and the hooks have in common. */
export interface Feed {
  readonly status: FeedStatus;
  /** The last loss of the connection; `undefined` before there was one. */
  readonly closeInfo: CloseInfo | undefined;
  /**
   * Makes another connection at once, and restarts the count of retries: the one that there is, or the attempt, is
   * given up. Nothing happens to what is closed for good. A shared connection is another one for everybody.
   */
  readonly reconnect: () => void;
  /**
   * Listens no more, and does not come back. Of a shared connection only this user is closed, unless it is the last.
   *
   * @throws RangeError unless `code` is 1000 or 3000-4999 and `reason` fits 123 bytes.
   */
  readonly close: (code?: number, reason?: string) => void;
}

/** A feed whose events become a state. */
export interface ReducedFeed<S> extends Feed {
  /** What `reduce` has made of the events. Kept over reconnects. */
  readonly state: S;
}

/** The values of a feed that change, and can be watched. */
export type FeedField = ConnectionField | 'state';

interface Handle {
  /** Calls `listener` after any of `fields` (default: all) has changed. Returns the unsubscriber. */
  readonly subscribe: (listener: () => void, fields?: readonly FeedField[]) => () => void;
  /** Listens no more, at once and without calling `onClose`. */
  readonly leave: () => void;
}

/** An open feed, without a framework. */
export interface FeedHandle extends Feed, Handle {}

/** An open feed whose events become a state, without a framework. */
export interface ReducedFeedHandle<S> extends ReducedFeed<S>, Handle {}

/** A reference whose feed can be listened to from a component. */
export interface FeedHookRef<T extends FeedTypes> extends FeedRef<T> {
  readonly useFeed: {
    <S>(options: ReducedFeedOptions<T, S>): ReducedFeed<S>;
    (...args: FeedArgs<T>): Feed;
  };
}
