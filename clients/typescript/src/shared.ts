import { Driver } from './connection/driver.js';
import type { Environment } from './connection/environment.js';
import type { RetryPolicy } from './connection/machine.js';
import { RoomError } from './errors.js';
import { Outbox } from './outbox.js';
import { CLOSE_INFO, Roster, STATUS } from './roster.js';
import type { CloseInfo, RoomStatus, WebSocketConstructor } from './types.js';
import { readFrames, type ServerFrame } from './wire.js';

/** One user of a connection: a component, or a caller of `joinRoom`. */
export interface Attachment {
  /** `fields` are bits, see `roster.ts`; `ids` the members that changed. Neither is to be kept. */
  changed(fields: number, ids: ReadonlySet<string>): void;
  message(message: unknown, from: string): void;
  opened(): void;
  closed(info: CloseInfo): void;
  shouldReconnect(info: CloseInfo): boolean;
  /** False when nobody listens. */
  failed(error: RoomError): boolean;
}

/** One connection to one room, and everybody on this page who uses it. */
export class SharedConnection {
  readonly roster = new Roster();
  readonly outbox: Outbox;
  closeInfo: CloseInfo | undefined;
  status: RoomStatus = 'connecting';

  readonly #driver: Driver;
  readonly #attached = new Set<Attachment>();
  #linger: unknown;

  constructor(
    url: string,
    WebSocket: WebSocketConstructor,
    private readonly environment: Environment,
    /** Nobody may join this connection any more. */
    private readonly retire: (connection: SharedConnection) => void,
  ) {
    this.#driver = new Driver(url, WebSocket, environment, this);
    this.outbox = new Outbox(this.#driver);
  }

  attach(attachment: Attachment, policy: RetryPolicy): void {
    this.#stay();
    this.#attached.add(attachment);
    if (this.status === 'open') {
      // Later, because the caller of `joinRoom` does not hold the room yet that `onOpen` is about.
      queueMicrotask(() => {
        if (this.status === 'open' && this.#attached.has(attachment)) attachment.opened();
      });
    }
    this.#driver.dispatch({ type: 'start', policy });
  }

  /** The last one to leave ends the connection, `linger` milliseconds later. */
  detach(attachment: Attachment, linger: number): void {
    if (!this.#attached.delete(attachment) || this.#attached.size > 0) return;
    this.#stay();
    if (linger > 0) this.#linger = this.environment.setTimer(() => this.#stop(), linger);
    else this.#stop();
  }

  /** False when others use the connection, which is then left as it is. */
  close(attachment: Attachment, code: number, reason: string): boolean {
    if (this.#attached.size > 1) {
      this.#attached.delete(attachment);
      return false;
    }
    this.retire(this);
    this.outbox.pause();
    this.#driver.dispatch({ type: 'close', code, reason });
    return true;
  }

  opened(v1: boolean): void {
    // A v1 server says in its snapshot how large a frame may be, and until then nothing is sent: a
    // presence over the limit would end this connection and every one that follows.
    this.stepped();
    this.#each((attachment) => attachment.opened());
    if (!v1) this.outbox.flush(this.failed);
  }

  closed(info: CloseInfo): void {
    this.outbox.pause();
    this.closeInfo = info;
    this.roster.changed |= CLOSE_INFO;
    if (this.#driver.status === 'closed') {
      this.roster.snapshot(undefined, []);
      if (!this.#driver.isRevivable) this.retire(this);
    }
    this.stepped();
    this.#each((attachment) => attachment.closed(info));
  }

  /** Tells everybody what has changed, once however many frames came together. */
  stepped(): void {
    const { status } = this.#driver;
    if (status !== this.status) this.roster.changed |= STATUS;
    this.status = status;
    const { changed, touched } = this.roster;
    if (changed === 0) return;
    const ids = new Set(touched);
    this.roster.settle();
    this.#each((attachment) => attachment.changed(changed, ids));
  }

  received(data: unknown): void {
    readFrames(data, this.#take, this.failed);
    this.stepped();
  }

  shouldReconnect(info: CloseInfo): boolean {
    return [...this.#attached].some((attachment) => attachment.shouldReconnect(info));
  }

  readonly failed = (error: RoomError): void => {
    const heard = [...this.#attached].map((attachment) => attachment.failed(error));
    if (!heard.includes(true)) console.error(error);
  };

  readonly #take = (frame: ServerFrame): void => {
    switch (frame.t) {
      case 'snapshot':
        this.roster.snapshot(frame.self, frame.members);
        this.#driver.dispatch({ type: 'snapshot', heartbeat: frame.heartbeat });
        this.outbox.limit = frame.limits;
        return this.outbox.flush(this.failed);
      case 'presence':
        if (frame.op === 'leave') return this.roster.leave(frame.from);
        if (frame.op === 'join') return this.roster.join(frame.from, frame.state);
        if (frame.op === 'update' || frame.op === 'away')
          this.roster.update(frame.from, frame.state);
        return;
      case 'msg':
        // A message may speak of somebody who joined in the same batch.
        this.stepped();
        // What a callback has closed meanwhile hears no more, though its batch goes on.
        if (this.status !== 'open') return;
        return this.#each((attachment) => attachment.message(frame.msg, frame.from));
      case 'pong':
        return this.#driver.dispatch({ type: 'pong' });
      case 'error':
        return this.failed(new RoomError(frame.code, frame.reason));
    }
  };

  /** Over a copy, because what is called may leave or close. */
  #each(call: (attachment: Attachment) => void): void {
    for (const attachment of [...this.#attached])
      if (this.#attached.has(attachment)) call(attachment);
  }

  #stay(): void {
    if (this.#linger !== undefined) this.environment.clearTimer(this.#linger);
    this.#linger = undefined;
  }

  #stop(): void {
    this.retire(this);
    this.#driver.dispatch({ type: 'stop' });
  }
}

const connections = new WeakMap<WebSocketConstructor, Map<string, SharedConnection>>();

/** The connection that everybody shares who joins this address, or one of one's own. */
export function connectionTo(
  url: string,
  WebSocket: WebSocketConstructor,
  share: boolean,
  environment: Environment,
): SharedConnection {
  if (!share) return new SharedConnection(url, WebSocket, environment, () => {});
  const byUrl = connections.get(WebSocket) ?? new Map<string, SharedConnection>();
  connections.set(WebSocket, byUrl);
  const known = byUrl.get(url);
  if (known) return known;
  const made = new SharedConnection(url, WebSocket, environment, (retired) => {
    if (byUrl.get(url) === retired) byUrl.delete(url);
  });
  byUrl.set(url, made);
  return made;
}
