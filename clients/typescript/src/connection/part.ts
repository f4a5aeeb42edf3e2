import { RoomError } from '../errors.js';
import { socketUrl } from '../url.js';
import type { Environment } from './environment.js';
import {
  connectionTo,
  type Attachment,
  type Change,
  type Kind,
  type SharedConnection,
  type State,
} from './shared.js';
import type { CloseInfo, ConnectionOptions, ConnectionStatus, Ref } from './types.js';
import { exceeds, type Frame } from './wire.js';

/** What tells a user of a room from one of a socket. */
export interface PartKind<S extends State> extends Kind<S> {
  /** Whether a connection is shared when nothing is said about it. */
  readonly share: boolean;
  /** What changes and can be watched, in the order of the bits. */
  readonly fields: readonly string[];
}

/** Options with the types taken off: within, a room or socket is of any type. */
export interface AnyOptions extends ConnectionOptions {
  onMessage?: (...message: any[]) => void;
  share?: boolean;
}

export type Watcher = (...change: Change) => void;

/** One user's part in a connection, from joining to leaving. */
export interface Part<S extends State = State, O = AnyOptions> {
  /** `undefined` after leaving. */
  readonly connection: SharedConnection<S> | undefined;
  readonly status: ConnectionStatus;
  readonly closeInfo: CloseInfo | undefined;
  send(message: unknown): void;
  /** Sends what is encoded. Reports nothing. */
  relay(data: string): void;
  /** The outbox's. */
  pin(data: string, isFirst?: boolean): void;
  close(code?: number, reason?: string): void;
  leave(): void;
  subscribe(listener: () => void, fields?: readonly string[]): () => void;
  /** `subscribe` with bits. */
  watch(watcher: Watcher): () => void;
  /** Tells those who watch. */
  changed: Watcher;
  /** Options with other callbacks, so that none that is called is a stale one. */
  follow(options: O): void;
  /** Calls where there is nobody to throw to: one user's mistake must not reach the next one. */
  attempt<R>(call: () => R): R | undefined;
  /** `reporting` to the latest options. */
  reporting(call: () => void): void;
}

/** `hear`: gives a message to the latest options' callback. */
export function takePart<S extends State, O extends AnyOptions>(
  kind: PartKind<S>,
  ref: Ref,
  params: object | undefined,
  options: O,
  environment: Environment,
  hear: (options: O, message: Frame) => void,
): Part<S, O> {
  const watchers = new Set<Watcher>();
  let connection: SharedConnection<S> | undefined;
  /** What a user who has closed, on a connection that goes on for others, sees of its own end. */
  let ownCloseInfo: CloseInfo | undefined;

  const attachment: Attachment = {
    changed(...change) {
      for (const watcher of [...watchers]) attempt(() => watcher(...change));
    },
    call: (name, ...args) => attempt(() => (options[name] as any)?.(...args)),
    heard: (message) => attempt(() => hear(options, message)),
    failed: (error) => report(options, error),
  };

  function relay(data: string): void {
    if (!connection?.mayOpen()) {
      throw new RoomError('closed', 'it is closed for good');
    }
    connection.outbox.send(data);
  }

  function end(info: CloseInfo | undefined): void {
    const ids = connection?.state.memberIds ?? [];
    ownCloseInfo = info;
    connection = undefined;
    attachment.changed(-1, ids);
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

  const watch = (watcher: Watcher): (() => void) => {
    watchers.add(watcher);
    return () => void watchers.delete(watcher);
  };

  if (options.enabled !== false) {
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (!WebSocket) throw new TypeError('no WebSocket here: pass `WebSocket`');
    connection = connectionTo(
      kind,
      socketUrl(ref, params, options),
      WebSocket,
      options.share ?? kind.share,
      options.reconnect ?? {},
      () => options.credentials,
      environment,
    );
    connection.attach(attachment);
  }

  const part: Part<S, O> = {
    get connection() {
      return connection;
    },
    get status() {
      return connection?.status ?? 'closed';
    },
    get closeInfo() {
      return connection?.closeInfo ?? ownCloseInfo;
    },
    send: (message) => reporting(options, () => relay(kind.encode(message))),
    relay,
    pin: (data, isFirst) => connection?.outbox.pin(data, isFirst),
    close(code = 1000, reason = '') {
      checkClose(code, reason);
      if (!connection || connection.close(attachment, code, reason)) return;
      // No closing handshake took place.
      const info = { code, reason, wasClean: false };
      end(info);
      queueMicrotask(() => attachment.call('onClose', info));
    },
    leave() {
      const info = part.closeInfo;
      connection?.detach(attachment);
      end(info);
    },
    subscribe(listener, fields = kind.fields) {
      return watch((changed) => {
        if (fields.some((field) => changed & (1 << kind.fields.indexOf(field)))) listener();
      });
    },
    watch,
    changed: attachment.changed,
    follow(latest) {
      options = latest;
    },
    attempt,
    reporting: (call) => reporting(options, call),
  };
  return part;
}

/** Calls, and reports what is thrown to `onError` as well as to the caller: few callers catch. */
export function reporting(options: AnyOptions, call: () => void): void {
  try {
    call();
  } catch (error) {
    report(options, error as RoomError);
    throw error;
  }
}

/** False when nobody listens. */
function report({ onError }: AnyOptions, error: RoomError): boolean {
  try {
    onError?.(error);
  } catch (thrown) {
    console.error(thrown);
  }
  return !!onError;
}

/** @throws RangeError */
export function checkClose(code: number, reason: string): void {
  if ((code !== 1000 && !(code >= 3000 && code <= 4999)) || exceeds(reason, 123)) {
    throw new RangeError('close needs code 1000 or 3000-4999, and a reason up to 123 bytes');
  }
}
