import { page, type Environment } from './connection/environment.js';
import { shouldReconnect, type RetryPolicy } from './connection/machine.js';
import { RoomError } from './errors.js';
import { MAX_QUEUED_FRAMES } from './limits.js';
import { Bindings } from './member.js';
import { full } from './outbox.js';
import { FIELD, NOBODY } from './roster.js';
import { connectionTo, type Attachment, type SharedConnection } from './shared.js';
import type {
  BaseOptions,
  CloseInfo,
  Member,
  MemberBinding,
  RoomArgs,
  RoomField,
  RoomHandle,
  RoomOptions,
  RoomRef,
  RoomStatus,
  RoomTypes,
} from './types.js';
import { socketUrl } from './url.js';
import { exceeds } from './wire.js';

/** Options with the types taken off: within, a room is of any type. */
export type AnyOptions = BaseOptions<any> & { key?: object | undefined };

/**
 * Joins a room.
 *
 * ```ts
 * const cursors = joinRoom(serverRooms.cursors, {
 *   key: { boardId: 'main' },
 *   presence: { x: 0, y: 0, name: 'Me' },
 *   onMessage: (message, from) => draw(message, from),
 * });
 * const stop = cursors.subscribe(() => render(cursors.members), ['members']);
 * cursors.leave();
 * ```
 *
 * @throws TypeError without a page and without `url`, or where there is no WebSocket and none is given.
 */
export function joinRoom<T extends RoomTypes>(
  ref: RoomRef<T>,
  ...args: RoomArgs<T>
): RoomHandle<T> {
  const membership = new Membership(args[0] as RoomOptions<any> | undefined);
  membership.join(ref);
  return membership as unknown as RoomHandle<T>;
}

/** One user's part in a room. It may move from one room to another, as a component does. */
export class Membership implements Attachment {
  /** The latest, so that no callback is ever a stale one. */
  options: AnyOptions;
  /** Where it has joined; `undefined` before and after. */
  address: string | undefined;

  #connection: SharedConnection | undefined;
  /** Set when this user has left or closed, whatever the connection does for others. */
  #over: { info: CloseInfo | undefined } | undefined;
  /** What was asked for before there was a room: a child's effects run before its parent's. */
  #early: (() => void)[] = [];
  #presence: { address: string | undefined; state: unknown } | undefined;
  readonly #watchers = new Set<(fields: number) => void>();
  readonly #bindings = new Bindings((id) => this.#live?.roster.get(id));

  constructor(
    options: AnyOptions = {},
    private readonly environment: Environment = page,
  ) {
    this.options = options;
  }

  get status(): RoomStatus {
    return this.#over ? 'closed' : (this.#connection?.status ?? 'connecting');
  }

  get closeInfo(): CloseInfo | undefined {
    return this.#over ? this.#over.info : this.#connection?.closeInfo;
  }

  get members(): readonly Member[] {
    return this.#live?.roster.members ?? NOBODY;
  }

  get memberIds(): readonly string[] {
    return this.#live?.roster.ids ?? NOBODY;
  }

  get self(): Member | undefined {
    return this.#live?.roster.self;
  }

  get others(): readonly Member[] {
    return this.#live?.roster.others ?? NOBODY;
  }

  readonly member = (id: string): MemberBinding => this.#bindings.of(id);

  join(ref: RoomRef<any>): void {
    const { options } = this;
    if (options.enabled === false) return this.leave();
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (!WebSocket) throw new TypeError('there is no WebSocket here: pass one as `WebSocket`');
    const url = socketUrl(ref, options);
    this.#moving(() => {
      this.#over = undefined;
      this.address = addressOf(ref, options);
      this.#connection = connectionTo(url, WebSocket, options.share !== false, this.environment);
      this.#connection.attach(this, retryPolicy(options));
      this.#settleIn();
    });
  }

  /** With `linger`, whoever joins the same room within so many milliseconds finds it as it was. */
  readonly leave = (linger = 0): void => {
    this.#moving(() => {
      const info = this.closeInfo;
      this.#connection?.detach(this, linger);
      this.#connection = undefined;
      this.address = undefined;
      if (linger === 0) this.#end(info);
      else this.environment.setTimer(() => this.#connection ?? this.#end(info), linger);
    });
  };

  readonly send = (message: unknown): void => this.#reporting(() => this.#send(message));

  readonly setPresence = (state: unknown): void => this.#reporting(() => this.#show(state));

  readonly close = (code = 1000, reason = ''): void => {
    if (code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new RangeError(`close code ${code}: must be 1000 or 3000-4999`);
    }
    if (exceeds(reason, 123)) throw new RangeError('close reason: must fit 123 bytes');
    if (this.#over) return;
    if (!this.#connection) return void this.#early.push(() => this.close(code, reason));
    if (this.#connection.close(this, code, reason)) return;
    const info = { code, reason, wasClean: true };
    this.#moving(() => this.#end(info));
    queueMicrotask(() => this.closed(info));
  };

  readonly subscribe = (
    listener: () => void,
    fields: readonly RoomField[] = Object.keys(FIELD) as RoomField[],
  ): (() => void) => {
    const wanted = fields.reduce((bits, field) => bits | FIELD[field], 0);
    return this.watch((changed) => {
      if (changed & wanted) listener();
    });
  };

  /** `subscribe` with bits of `FIELD`. */
  watch(watcher: (fields: number) => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  changed(fields: number, ids?: ReadonlySet<string>): void {
    for (const watcher of [...this.#watchers]) this.#guard('a subscriber', () => watcher(fields));
    this.#bindings.notify((listener) => this.#guard('a subscriber', listener), ids);
  }

  message(message: unknown, from: string): void {
    this.#guard('onMessage', () => this.options.onMessage?.(message, from));
  }

  opened(): void {
    this.#guard('onOpen', () => this.options.onOpen?.());
  }

  closed(info: CloseInfo): void {
    this.#guard('onClose', () => this.options.onClose?.(info));
  }

  shouldReconnect(info: CloseInfo): boolean {
    let again = shouldReconnect(info);
    this.#guard('shouldReconnect', () => {
      again = this.options.shouldReconnect?.(info) ?? again;
    });
    return again;
  }

  failed(error: RoomError): boolean {
    const { onError } = this.options;
    try {
      onError?.(error);
    } catch (thrown) {
      console.error(thrown);
    }
    return onError !== undefined;
  }

  get #live(): SharedConnection | undefined {
    return this.#over ? undefined : this.#connection;
  }

  /** A component that comes back to its room brings what it last set there, not what it began with. */
  #settleIn(): void {
    const { presence } = this.options;
    const last = this.#presence;
    const known = last !== undefined && (last.address ?? this.address) === this.address;
    if (known) this.#quietly(() => this.#show(last.state));
    else if (presence !== undefined) this.#quietly(() => this.#show(presence));
    for (const call of this.#early.splice(0)) this.#quietly(call);
  }

  #send(message: unknown): void {
    if (this.status === 'closed' || this.status === 'closing') throw closed();
    if (this.#connection) return this.#connection.outbox.send(message);
    if (this.#early.length >= MAX_QUEUED_FRAMES) throw full();
    this.#early.push(() => this.#send(message));
  }

  #show(state: unknown): void {
    if (this.#over) return;
    this.#presence = { address: this.address, state };
    this.#connection?.outbox.setPresence(state);
  }

  #end(info: CloseInfo | undefined): void {
    this.#over = { info };
    this.#connection = undefined;
    if (this.#early.splice(0).length > 0) this.#report(closed());
  }

  /** What differs afterwards is what has changed. */
  #moving(move: () => void): void {
    const fields = Object.keys(FIELD) as RoomField[];
    const before = fields.map((field) => this[field]);
    move();
    const changed = fields.filter((field, i) => this[field] !== before[i]);
    this.changed(changed.reduce((bits, field) => bits | FIELD[field], 0));
  }

  /** To the caller, and to `onError` too: few callers catch. */
  #reporting(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.failed(error as RoomError);
      throw error;
    }
  }

  /** Where there is no caller to throw to. */
  #quietly(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#report(error as RoomError);
    }
  }

  #guard(what: string, call: () => void): void {
    try {
      call();
    } catch (cause) {
      this.#report(new RoomError('callback_failed', `${what} threw: ${String(cause)}`, { cause }));
    }
  }

  #report(error: RoomError): void {
    if (!this.failed(error)) console.error(error);
  }
}

/** Tells rooms apart before anything is joined, and on a server, where there is no page to resolve against. */
export function addressOf(ref: RoomRef<any>, { key, url, path, share }: AnyOptions): string {
  const params = Object.entries(key ?? {}).filter(([, value]) => value !== undefined);
  return JSON.stringify([ref.module, ref.name, params.sort(), url, path, share !== false]);
}

function retryPolicy({ reconnect }: AnyOptions): RetryPolicy {
  return {
    maxRetries: reconnect?.maxRetries ?? 5,
    minDelay: reconnect?.minDelay ?? 250,
    maxDelay: reconnect?.maxDelay ?? 30_000,
    growth: reconnect?.growth ?? 2,
  };
}

const closed = () => new RoomError('closed', 'the room is closed: nothing can be sent');
