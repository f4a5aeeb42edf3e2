import { page, type Environment } from './connection/environment.js';
import { shouldReconnect, type RetryPolicy } from './connection/machine.js';
import { RoomError } from './errors.js';
import { Bindings } from './member.js';
import { FIELDS, NOBODY } from './roster.js';
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
  const options = args[0] as RoomOptions<any> | undefined;
  return new Membership(ref, options) as unknown as RoomHandle<T>;
}

/** `fields` are bits, see `roster.ts`; `ids` the members that changed. Neither is to be kept. */
export type Watcher = (fields: number, ids: Iterable<string>) => void;

/** One user's part in a room, from joining to leaving. */
export class Membership implements Attachment {
  #connection: SharedConnection | undefined;
  /** What a user who has closed, on a connection that goes on for others, sees of its own end. */
  #closeInfo: CloseInfo | undefined;
  readonly #watchers = new Set<Watcher>();
  readonly #bindings = new Bindings((id) => this.find(id));

  constructor(
    ref: RoomRef<any>,
    /** To be replaced by the latest, so that no callback is ever a stale one. */
    public options: AnyOptions = {},
    environment: Environment = page,
  ) {
    if (options.enabled === false) return;
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (!WebSocket) throw new TypeError('there is no WebSocket here: pass one as `WebSocket`');
    const share = options.share !== false;
    this.#connection = connectionTo(socketUrl(ref, options), WebSocket, share, environment);
    this.#connection.attach(this, retryPolicy(options));
    if (options.presence !== undefined) this.attempt(() => this.#show(options.presence));
  }

  get status(): RoomStatus {
    return this.#connection?.status ?? 'closed';
  }

  get closeInfo(): CloseInfo | undefined {
    return this.#connection?.closeInfo ?? this.#closeInfo;
  }

  get members(): readonly Member[] {
    return this.#connection?.roster.members ?? NOBODY;
  }

  get memberIds(): readonly string[] {
    return this.#connection?.roster.ids ?? NOBODY;
  }

  get self(): Member | undefined {
    return this.#connection?.roster.self;
  }

  get others(): readonly Member[] {
    return this.#connection?.roster.others ?? NOBODY;
  }

  find(id: string): Member | undefined {
    return this.#connection?.roster.get(id);
  }

  readonly member = (id: string): MemberBinding => this.#bindings.of(id);

  readonly send = (message: unknown): void => this.#reporting(() => this.post(message));

  /** `send` that only throws. */
  post(message: unknown): void {
    const { status } = this;
    if (status === 'closed' || status === 'closing') {
      throw new RoomError('closed', 'the room is closed: nothing can be sent');
    }
    this.#connection?.outbox.send(message);
  }

  readonly setPresence = (state: unknown): void => this.#reporting(() => this.#show(state));

  readonly close = (code = 1000, reason = ''): void => {
    checkClose(code, reason);
    const connection = this.#connection;
    if (!connection || connection.close(this, code, reason)) return;
    const info = { code, reason, wasClean: true };
    this.#end(info);
    queueMicrotask(() => this.closed(info));
  };

  /** With `linger`, whoever joins the same room within so many milliseconds finds it as it was. */
  readonly leave = (linger = 0): void => {
    this.#connection?.detach(this, linger);
    this.#end(this.closeInfo);
  };

  readonly subscribe = (
    listener: () => void,
    fields: readonly RoomField[] = FIELDS,
  ): (() => void) => {
    const wanted = fields.reduce((bits, field) => bits | (1 << FIELDS.indexOf(field)), 0);
    return this.watch((changed) => {
      if (changed & wanted) listener();
    });
  };

  /** `subscribe` with bits. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  changed(fields: number, ids: Iterable<string>): void {
    for (const watcher of [...this.#watchers]) this.attempt(() => watcher(fields, ids));
    this.#bindings.notify(ids, (listener) => this.attempt(listener));
  }

  message(message: unknown, from: string): void {
    this.attempt(() => this.options.onMessage?.(message, from));
  }

  opened(): void {
    this.attempt(() => this.options.onOpen?.());
  }

  closed(info: CloseInfo): void {
    this.attempt(() => this.options.onClose?.(info));
  }

  shouldReconnect(info: CloseInfo): boolean {
    return this.attempt(() => this.options.shouldReconnect?.(info)) ?? shouldReconnect(info);
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

  /** Where there is nobody to throw to: one user's mistake must not reach the next one. */
  attempt<R>(call: () => R): R | undefined {
    try {
      return call();
    } catch (cause) {
      const error =
        cause instanceof RoomError
          ? cause
          : new RoomError('callback_failed', `a callback threw: ${cause}`, { cause });
      if (!this.failed(error)) console.error(error);
      return undefined;
    }
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

  #show(state: unknown): void {
    this.#connection?.outbox.setPresence(state);
  }

  #end(info: CloseInfo | undefined): void {
    const ids = this.memberIds;
    this.#closeInfo = info;
    this.#connection = undefined;
    this.changed(-1, ids);
  }
}

function checkClose(code: number, reason: string): void {
  if (code !== 1000 && !(code >= 3000 && code <= 4999)) {
    throw new RangeError(`close code ${code}: must be 1000 or 3000-4999`);
  }
  if (exceeds(reason, 123)) throw new RangeError('close reason: must fit 123 bytes');
}

function retryPolicy({ reconnect = {} }: AnyOptions): RetryPolicy {
  const { maxRetries = 5, minDelay = 250, maxDelay = 30_000, growth = 2 } = reconnect;
  return { maxRetries, minDelay, maxDelay, growth };
}
