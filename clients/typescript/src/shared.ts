import { createDriver } from './connection/driver.js';
import type { Environment } from './connection/environment.js';
import { shouldReconnect, type RetryPolicy } from './connection/machine.js';
import { RoomError } from './errors.js';
import { createOutbox, type Outbox } from './outbox.js';
import { CLOSE_INFO, createRoster, STATUS, type Roster } from './roster.js';
import type { BaseOptions, CloseInfo, RoomStatus, WebSocketConstructor } from './types.js';
import { readFrames, type ServerFrame } from './wire.js';

type Callbacks = Pick<
  BaseOptions<any>,
  'onMessage' | 'onOpen' | 'onClose' | 'onError' | 'shouldReconnect'
>;

/** One user of a connection: a component, or a caller of `joinRoom`. */
export interface Attachment {
  /** `fields` are bits, see `roster.ts`; `ids` the members that changed. */
  changed(fields: number, ids: ReadonlySet<string>): void;
  /** Calls back, if the user wants to be. Never throws. */
  call<N extends keyof Callbacks>(
    name: N,
    ...args: Parameters<NonNullable<Callbacks[N]>>
  ): ReturnType<NonNullable<Callbacks[N]>> | undefined;
  /** False when nobody listens. */
  failed(error: RoomError): boolean;
}

/** One connection to one room, and everybody on this page who uses it. */
export interface SharedConnection {
  readonly roster: Roster;
  readonly outbox: Outbox;
  readonly status: RoomStatus;
  readonly closeInfo: CloseInfo | undefined;
  attach(attachment: Attachment): void;
  /** The last one to leave ends the connection. */
  detach(attachment: Attachment): void;
  /** False when others use the connection, which is then left as it is. */
  close(attachment: Attachment, code: number, reason: string): boolean;
}

const connections = new WeakMap<WebSocketConstructor, Map<string, SharedConnection>>();

/** The connection that everybody shares who joins this address, or one of one's own. */
export function connectionTo(
  url: string,
  WebSocket: WebSocketConstructor,
  share: boolean,
  policy: RetryPolicy,
  environment: Environment,
): SharedConnection {
  const byUrl = (share && connections.get(WebSocket)) || new Map<string, SharedConnection>();
  if (share) connections.set(WebSocket, byUrl);
  const known = byUrl.get(url);
  if (known) return known;
  const made = createConnection(url, WebSocket, policy, environment, () => {
    if (byUrl.get(url) === made) byUrl.delete(url);
  });
  byUrl.set(url, made);
  return made;
}

/** `retire`: nobody may join this connection any more. */
function createConnection(
  url: string,
  WebSocket: WebSocketConstructor,
  policy: RetryPolicy,
  environment: Environment,
  retire: () => void,
): SharedConnection {
  const attached = new Set<Attachment>();
  let status: RoomStatus = 'connecting';
  let closeInfo: CloseInfo | undefined;

  const roster = createRoster();
  const driver = createDriver(url, WebSocket, policy, environment, {
    opened(v1) {
      stepped();
      each((attachment) => attachment.call('onOpen'));
      // A v1 server says in its snapshot how large a frame may be, and until then nothing is sent: a
      // presence over the limit would end this connection and every one that follows.
      if (!v1) outbox.flush(undefined);
    },
    closed(info) {
      outbox.pause();
      closeInfo = info;
      roster.mark(CLOSE_INFO);
      if (driver.status() === 'closed') {
        roster.snapshot(undefined, []);
        if (driver.isOver()) retire();
      }
      stepped();
      each((attachment) => attachment.call('onClose', info));
    },
    stepped,
    received(data) {
      readFrames(data, take, failed);
      stepped();
    },
    failed,
    shouldReconnect: (info) =>
      [...attached].some(
        (attachment) => attachment.call('shouldReconnect', info) ?? shouldReconnect(info),
      ),
  });
  const outbox = createOutbox(driver, failed);

  /** Tells everybody what has changed, once however many frames came together. */
  function stepped(): void {
    if (status !== driver.status()) roster.mark(STATUS);
    status = driver.status();
    const [fields, ids] = roster.settle();
    if (fields) each((attachment) => attachment.changed(fields, ids));
  }

  function take(frame: ServerFrame): void {
    switch (frame.t) {
      case 'snapshot':
        roster.snapshot(frame.self, frame.members);
        driver.dispatch('snapshot', frame.heartbeat);
        return outbox.flush(frame.limits);
      case 'presence':
        if (frame.op === 'leave') return roster.leave(frame.from);
        if (frame.op === 'join') return roster.join(frame.from, frame.state);
        if (frame.op === 'update' || frame.op === 'away') roster.update(frame.from, frame.state);
        return;
      case 'msg':
        // A message may speak of somebody who joined in the same batch.
        stepped();
        // What a callback has closed meanwhile hears no more, though its batch goes on.
        if (status !== 'open') return;
        return each((attachment) => attachment.call('onMessage', frame.msg, frame.from));
      case 'pong':
        return driver.dispatch('pong');
      case 'error':
        return failed(new RoomError(frame.code, frame.reason));
    }
  }

  function failed(error: RoomError): void {
    const heard = [...attached].map((attachment) => attachment.failed(error));
    if (!heard.includes(true)) console.error(error);
  }

  /** Over a copy, because what is called may leave or join. */
  function each(call: (attachment: Attachment) => void): void {
    for (const attachment of [...attached]) if (attached.has(attachment)) call(attachment);
  }

  function close(code: number, reason: string): void {
    retire();
    outbox.pause();
    driver.dispatch('close', code, reason);
  }

  return {
    roster,
    outbox,
    get status() {
      return status;
    },
    get closeInfo() {
      return closeInfo;
    },
    attach(attachment) {
      attached.add(attachment);
      if (status === 'open') {
        // Later, because the caller of `joinRoom` does not hold the room yet that `onOpen` is about.
        queueMicrotask(() => {
          if (status === 'open' && attached.has(attachment)) attachment.call('onOpen');
        });
      }
      driver.dispatch('start');
    },
    detach(attachment) {
      if (attached.delete(attachment) && attached.size === 0) close(1000, '');
    },
    close(attachment, code, reason) {
      if (attached.size > 1) return !attached.delete(attachment);
      close(code, reason);
      return true;
    },
  };
}
