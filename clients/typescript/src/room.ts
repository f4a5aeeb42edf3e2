import { page, type Environment } from './connection/environment.js';
import type { RetryPolicy } from './connection/machine.js';
import { RoomError } from './errors.js';
import { createBindings } from './member.js';
import { createRoster, FIELDS, type Roster } from './roster.js';
import { connectionTo, type Attachment, type SharedConnection } from './shared.js';
import type {
  BaseOptions,
  CloseInfo,
  Member,
  RoomArgs,
  RoomHandle,
  RoomOptions,
  RoomRef,
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
export const joinRoom: <T extends RoomTypes>(
  ref: RoomRef<T>,
  ...args: RoomArgs<T>
) => RoomHandle<T> = (ref, ...[options]) => join(ref, options as RoomOptions<any> | undefined);

/** `fields` are bits, see `roster.ts`; `ids` the members that changed. */
export type Watcher = (fields: number, ids: Iterable<string>) => void;

/** One user's part in a room, from joining to leaving: a room, and what only the hooks use of it. */
export interface Membership<T extends RoomTypes = any> extends RoomHandle<T> {
  /** `send` that only throws. */
  post(message: unknown): void;
  find(id: string): Member | undefined;
  /** `subscribe` with bits. */
  watch(watcher: Watcher): () => void;
  /** Options with other callbacks, so that none that is called is a stale one. */
  follow(options: AnyOptions): void;
  /** Calls where there is nobody to throw to: one user's mistake must not reach the next one. */
  attempt<R>(call: () => R): R | undefined;
}

export function join<T extends RoomTypes = any>(
  ref: RoomRef<any>,
  options: AnyOptions = {},
  environment: Environment = page,
): Membership<T> {
  const watchers = new Set<Watcher>();
  const bindings = createBindings((id) => roster().get(id));
  let connection: SharedConnection | undefined;
  /** What a user who has closed, on a connection that goes on for others, sees of its own end. */
  let ownCloseInfo: CloseInfo | undefined;

  const attachment: Attachment = {
    changed(fields, ids) {
      for (const watcher of [...watchers]) attempt(() => watcher(fields, ids));
      bindings.notify(ids, attempt);
    },
    call: (name, ...args) => attempt(() => (options[name] as any)?.(...args)),
    failed(error) {
      try {
        options.onError?.(error);
      } catch (thrown) {
        console.error(thrown);
      }
      return !!options.onError;
    },
  };

  const roster = (): Roster => connection?.roster ?? NOWHERE;

  function post(message: unknown): void {
    if (!connection || /^clos/.test(connection.status)) {
      throw new RoomError('closed', 'nothing can be sent to a closed room');
    }
    connection.outbox.send(message);
  }

  const present = (state: unknown): void => connection?.outbox.setPresence(state);

  function end(info: CloseInfo | undefined): void {
    const ids = roster().memberIds;
    ownCloseInfo = info;
    connection = undefined;
    attachment.changed(-1, new Set(ids));
  }

  function attempt<R>(call: () => R): R | undefined {
    try {
      return call();
    } catch (cause) {
      const error =
        cause instanceof RoomError
          ? cause
          : new RoomError('callback_failed', `a callback threw: ${cause}`, { cause });
      if (!attachment.failed(error)) console.error(error);
      return undefined;
    }
  }

  /** To the caller, and to `onError` too: few callers catch. */
  function reporting(call: () => void): void {
    try {
      call();
    } catch (error) {
      attachment.failed(error as RoomError);
      throw error;
    }
  }

  const watch = (watcher: Watcher): (() => void) => {
    watchers.add(watcher);
    return () => void watchers.delete(watcher);
  };

  if (options.enabled !== false) {
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (!WebSocket) throw new TypeError('there is no WebSocket here: pass one as `WebSocket`');
    connection = connectionTo(
      socketUrl(ref, options),
      WebSocket,
      options.share !== false,
      retryPolicy(options),
      environment,
    );
    connection.attach(attachment);
    if (options.presence !== undefined) attempt(() => present(options.presence));
  }

  const membership: Membership = {
    get status() {
      return connection?.status ?? 'closed';
    },
    get closeInfo() {
      return connection?.closeInfo ?? ownCloseInfo;
    },
    get members() {
      return roster().members;
    },
    get memberIds() {
      return roster().memberIds;
    },
    get self() {
      return roster().self;
    },
    get others() {
      return roster().others;
    },
    member: (id) => bindings.of(id),
    send: (message) => reporting(() => post(message)),
    setPresence: (state) => reporting(() => present(state)),
    close(code = 1000, reason = '') {
      checkClose(code, reason);
      if (!connection || connection.close(attachment, code, reason)) return;
      const info = { code, reason, wasClean: true };
      end(info);
      queueMicrotask(() => attachment.call('onClose', info));
    },
    leave() {
      const info = membership.closeInfo;
      connection?.detach(attachment);
      end(info);
    },
    subscribe(listener, fields = FIELDS) {
      return watch((changed) => {
        if (fields.some((field) => changed & (1 << FIELDS.indexOf(field)))) listener();
      });
    },
    watch,
    post,
    attempt,
    find: (id) => roster().get(id),
    follow(latest) {
      options = latest;
    },
  };
  return membership;
}

/** The roster of a room that one is not in. */
const NOWHERE = createRoster();

function checkClose(code: number, reason: string): void {
  if ((code !== 1000 && !(code >= 3000 && code <= 4999)) || exceeds(reason, 123)) {
    throw new RangeError(
      'close: needs a code of 1000 or 3000-4999, and a reason of up to 123 bytes',
    );
  }
}

function retryPolicy({ reconnect = {} }: AnyOptions): RetryPolicy {
  const { maxRetries = 5, minDelay = 250, maxDelay = 30_000, growth = 2 } = reconnect;
  return { maxRetries, minDelay, maxDelay, growth };
}
