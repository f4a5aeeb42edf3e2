import type { ConnectionField } from '../connection/fields.js';
import type {
  Binding,
  ConnectionOptions,
  ConnectionStatus,
  CloseInfo,
  IncomingOf,
  OutgoingOf,
  ParamsOption,
  Ref,
} from '../connection/types.js';

/**
 * What a room is typed by. The generated `rooms.gen.ts` fills it in from Rust.
 *
 * `incoming` and `outgoing` are named from the server's side, as in Rust: `incoming` is what a
 * client sends, `outgoing` is what a client receives.
 */
export interface RoomTypes {
  /** The channel's params. Absent or `{}` for a channel that has none. */
  key?: object;
  incoming?: unknown;
  outgoing?: unknown;
  /** A member's presence state. Absent, `never` or `undefined` for a room without presence. */
  presence?: unknown;
  /** What a client sets as its presence, where that may be less than what others see. Absent where it is the same. */
  presenceIncoming?: unknown;
  /** What the server says of a member. Absent where it says nothing. */
  info?: unknown;
}

export type KeyOf<T> = T extends { key: infer K } ? K : {};
export type PresenceOf<T> = T extends { presence: infer P }
  ? [P] extends [undefined]
    ? never
    : P
  : never;

export type PresenceIncomingOf<T> = T extends { presenceIncoming: infer P } ? P : PresenceOf<T>;

/** What presence can be set to: a state, or a function that makes one of the previous. */
export type PresenceSetting<T> = [PresenceIncomingOf<T>] extends [never]
  ? never
  : | PresenceIncomingOf<T>
    | ((previous: PresenceIncomingOf<T> | PresenceOf<T> | undefined) => PresenceIncomingOf<T>);

/** Some fields of a state, where it has any. */
export type PresencePatch<P> = P extends readonly unknown[]
  ? never
  : P extends object
    ? { [K in keyof P]?: {} extends Pick<P, K> ? P[K] | undefined : P[K] }
    : never;

export type InfoOf<T> = T extends { info: infer I } ? I : never;

/** Names one room of the server and carries its types. Made by `room()`. */
export interface RoomRef<T extends RoomTypes = RoomTypes> extends Ref<{ room: T }> {}

export type RoomStatus = ConnectionStatus;

/** One entry of the roster. Never mutated: a changed member is a new object. */
export interface Member<P = unknown, I = unknown> {
  readonly id: string;
  /** What it shows of itself: its client's word, whoever that is. Absent until it has set one. */
  readonly state?: P;
  /** What the server says of it, which no client can set: who it is. Absent where it says nothing. */
  readonly info?: I;
  /** Whose connection it is, says the server; several members may be one user's. Absent where it names none. */
  readonly user?: string;
  /** It has lost its connection, and may be back as the same member. Absent of who has not. */
  readonly away?: true;
}

/** Somebody in a room, with all of its members: three tabs, a phone. Never mutated: a changed user is a new object. */
export interface User<I = unknown> {
  /** As in `member.user`. */
  readonly user: string;
  /** Their ids, in join order. Empty for a moment where the last has left, as at a reload of the only tab. */
  readonly members: readonly string[];
  /** Whether all of its members are; where none is left, whether the last was. */
  readonly away: boolean;
  /** That of its first member that has one; where no member is left, what it was. */
  readonly info?: I;
}

/**
 * One member, to be watched alone; `undefined` when it is not in the room. `room.member(id)` gives the same object
 * for the same id while that is in the room.
 */
export interface MemberBinding<P = unknown, I = unknown> extends Binding<Member<P, I> | undefined> {
  readonly id: string;
}

export interface BaseOptions<T extends RoomTypes> extends ConnectionOptions {
  /**
   * What there is to begin with, read when the room is joined: sent at the first open, unless one was set before,
   * by whomever on this page shares the connection. It never takes the place of one that was set, and one that
   * changes later changes nothing: `setPresence` does that. After a reconnect the last one is sent again.
   */
  presence?: PresenceIncomingOf<T> | undefined;
  /**
   * How many states a second this client sends at most. Default 30; `Infinity`: each at once. One that comes sooner
   * than that waits, until its time, the next message or a later one that takes its place: so the last is always sent,
   * before what is said after it, and none waits that does not come too soon. Read when the connection is made; of a
   * shared one, the first to come decides. What is not above 0 is the default.
   */
  presenceRate?: number | undefined;
  /** `from` is the sender's member id, `''` when no member sent it. Never re-renders anything. */
  onMessage?: ((message: OutgoingOf<T>, from: string) => void) | undefined;
  /** It came back, and hears now all that was said meanwhile; after `onOpen`. Only in a room that has sessions. */
  onResume?: (() => void) | undefined;
  /**
   * Messages were missed and do not follow: it came back too late for that, or a machine of the server's did. After
   * `onOpen`, where there was one. Only in a room that has sessions.
   */
  onMissed?: (() => void) | undefined;
  /** `false`: a connection of its own, even if another one to this room and key exists. Default true. */
  share?: boolean | undefined;
}

/** `key` is required exactly when the channel has params, optional ones too, and refused when it has none. */
export type RoomOptions<T extends RoomTypes> = ParamsOption<'key', KeyOf<T>> & BaseOptions<T>;

/** The options argument itself is required exactly when `key` is. */
export type RoomArgs<T extends RoomTypes> =
  {} extends ParamsOption<'key', KeyOf<T>> ? [options?: RoomOptions<T>] : [options: RoomOptions<T>];

/** How messages are sent to a room. */
export interface Send<M> {
  (message: M): void;
  /**
   * Sends, and promises an answer: resolves when the server has handled the message, in a room that has sessions up to
   * 250 ms later. Rejects with a `RoomError`, of which `onError` then hears nothing: what `send` would give to `onError`;
   * the server's, as `handler_failed`; `closed` where the room is closed before it was sent; `lost` where nobody knows
   * whether it was handled. A plain server never answers, so there it is `lost` as soon as it is sent. While the
   * connection is not open it waits as what is sent does.
   */
  readonly acked: (message: M) => Promise<void>;
}

/** What `joinRoom` and the hooks have in common. */
export interface Room<T extends RoomTypes> {
  /**
   * Sends a message, or queues it until the connection is open. Never throws: what is refused goes to `onError`, as
   * `closed` in a room that is closed for good, `too_large` over the server's frame limit, `queue_full` when 256
   * messages or 1 MiB wait, `bad_message` for what JSON cannot say.
   */
  readonly send: Send<IncomingOf<T>>;
  /**
   * Sets this client's presence: to a state, or to what a function makes of the previous one. That is the last that
   * was set here, which the server may not have shown yet; where none was set it is the one that the server shows.
   * While the connection is not open only the latest is kept; the last one set is sent again after a reconnect. Never
   * throws: what is refused goes to `onError`, as `bad_presence` or `too_large`.
   */
  readonly setPresence: (next: PresenceSetting<T>) => void;
  /** Sets some fields of this client's presence. Those that are `undefined` are taken out of it. */
  readonly updatePresence: (patch: PresencePatch<PresenceIncomingOf<T>>) => void;
  /**
   * Makes another connection at once, and restarts the count of retries: the one that there is, or the attempt, is
   * given up. Nothing happens to what is closed for good. A shared connection is another one for everybody.
   */
  readonly reconnect: () => void;
  /**
   * Leaves the room for good and suppresses reconnecting. Of a shared connection only this user is
   * closed, unless it is the last.
   *
   * @throws RangeError unless `code` is 1000 or 3000-4999 and `reason` fits 123 bytes.
   */
  readonly close: (code?: number, reason?: string) => void;
  readonly status: RoomStatus;
  /** The last loss of the connection; `undefined` before there was one. */
  readonly closeInfo: CloseInfo | undefined;
  /**
   * In join order. While reconnecting, as last known; empty in a closed room. After a return, those who are not
   * back yet stay listed for up to 2 s, as they were and where they were, but for one for each newcomer. Whoever comes
   * back later, and as the same, stands where it stood.
   */
  readonly members: readonly Member<PresenceOf<T>, InfoOf<T>>[];
  /** Changes on join and leave only. */
  readonly memberIds: readonly string[];
  /** This client's own entry, as the server sees it; `undefined` until the first snapshot. */
  readonly self: Member<PresenceOf<T>, InfoOf<T>> | undefined;
  /** `members` without `self`. */
  readonly others: readonly Member<PresenceOf<T>, InfoOf<T>>[];
  readonly member: (id: string) => MemberBinding<PresenceOf<T>, InfoOf<T>>;
}

/** The values of a room that change, and can be watched. */
export type RoomField = ConnectionField | 'members' | 'memberIds' | 'self' | 'others';

/** A joined room, without a framework. */
export interface RoomHandle<T extends RoomTypes> extends Room<T> {
  /** Calls `listener` after any of `fields` (default: all) has changed. Returns the unsubscriber. */
  readonly subscribe: (listener: () => void, fields?: readonly RoomField[]) => () => void;
  /** Leaves the room at once, without calling `onClose`. */
  readonly leave: () => void;
}

/** A reference whose room can be joined from a component. */
export interface HookRef<T extends RoomTypes> extends RoomRef<T> {
  readonly useRoom: (...args: RoomArgs<T>) => Room<T>;
}
