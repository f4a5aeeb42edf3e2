import { RoomError } from '../errors.js';
import { socketUrl } from '../url.js';
import type { Environment } from './environment.js';
import { mayOpen, unclean } from './machine.js';
import { closed, type Settle } from './outbox.js';
import {
  connectionTo,
  type Attachment,
  type Callbacks,
  type Change,
  type Kind,
  type MadeWith,
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
export interface AnyOptions extends ConnectionOptions, Callbacks, MadeWith {
  onMessage?: (...message: any[]) => void;
  share?: boolean;
}

export type Watcher = (...change: Change) => void;

/** One user's part in a connection, from joining to leaving. */
export interface Part<S extends State = State, O = AnyOptions> {
  /** `undefined` after leaving. */
  readonly shared: SharedConnection<S> | undefined;
  readonly status: ConnectionStatus;
  readonly closeInfo: CloseInfo | undefined;
  send(message: unknown): void;
  /** Sends what is encoded. Reports nothing. `settle` hears the answer. */
  relay(data: string, settle?: Settle): void;
  /** The outbox's. */
  pin(data: string | undefined, isFirst?: boolean): void;
  reconnect(): void;
  close(code?: number, reason?: string): void;
  leave(): void;
  subscribe(listener: () => void, fields?: readonly string[]): () => void;
  /** `subscribe` with bits. */
  observe(watcher: Watcher): () => void;
  /** Tells those who watch. */
  changed: Watcher;
  /** Options with other callbacks, so that none that is called is a stale one. */
  follow(options: O): void;
  /** `attempt` with the latest options. */
  attempt<R>(call: () => R): R | undefined;
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
  let shared: SharedConnection<S> | undefined;
  /** What a user who has closed, on a connection that goes on for others, sees of its own end. */
  let ownCloseInfo: CloseInfo | undefined;

  const attachment: Attachment = {
    changed(...change) {
      for (const watcher of [...watchers]) attemptHere(() => watcher(...change));
    },
    call: (name, ...args) => attemptHere(() => (options[name] as any)?.(...args)),
    heard: (message) => attemptHere(() => hear(options, message)),
    failed: (error) => report(options, error),
  };

  function attemptHere<R>(call: () => R): R | undefined {
    return attempt(options, call);
  }

  function relay(data: string, settle?: Settle): void {
    if (!shared || !mayOpen(shared.driver.current())) {
      throw closed();
    }
    shared.outbox.send(data, settle);
  }

  function end(info: CloseInfo | undefined): void {
    const ids = new Set(shared?.known.memberIds);
    ownCloseInfo = info;
    shared = undefined;
    attachment.changed(-1, ids);
  }

  const observe = (watcher: Watcher): (() => void) => {
    watchers.add(watcher);
    return () => void watchers.delete(watcher);
  };

  if (options.enabled !== false) {
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (!WebSocket) throw new TypeError('pass `WebSocket`');
    shared = connectionTo(
      // A reference may have its own way to read.
      { ...kind, ...ref },
      socketUrl(ref, params, options),
      WebSocket,
      options.share ?? kind.share,
      () => options,
      environment,
    );
    shared.attach(attachment);
  }

  const part: Part<S, O> = {
    get shared() {
      return shared;
    },
    get status() {
      return shared?.status ?? 'closed';
    },
    get closeInfo() {
      return shared?.closeInfo ?? ownCloseInfo;
    },
    send: (message) => attemptHere(() => relay(kind.toFrame(message))),
    relay,
    pin: (data, isFirst) => shared?.outbox.pin(data, isFirst),
    reconnect: () => shared?.driver.reconnect(),
    close(code = 1000, reason = '') {
      checkClose(code, reason);
      if (!shared || shared.close(attachment, code, reason)) return;
      // No closing handshake took place.
      const info = unclean(code, reason);
      end(info);
      queueMicrotask(() => attachment.call('onClose', info));
    },
    leave() {
      const info = part.closeInfo;
      shared?.detach(attachment);
      end(info);
    },
    subscribe(listener, fields = kind.fields) {
      return observe((changed) => {
        if (fields.some((field) => changed & (1 << kind.fields.indexOf(field)))) listener();
      });
    },
    observe,
    changed: attachment.changed,
    follow(latest) {
      options = latest;
    },
    attempt: attemptHere,
  };
  return part;
}

/**
 * Calls, and gives what is thrown to `onError`, or to the console where nobody listens. One user's mistake must not
 * reach the next one; and an event handler, which sends and sets, would not catch what is refused.
 */
export function attempt<R>(options: AnyOptions, call: () => R): R | undefined {
  try {
    return call();
  } catch (cause) {
    const error =
      cause instanceof RoomError ? cause : new RoomError('callback_failed', `${cause}`, { cause });
    if (!report(options, error)) console.error(error);
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
    throw new RangeError('close takes 1000 or 3000-4999, 123 bytes');
  }
}
