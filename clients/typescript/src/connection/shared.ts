import { RoomError } from '../errors.js';
import { createDriver, type Driver } from './driver.js';
import type { Environment } from './environment.js';
import { CLOSE_INFO, ROUND_TRIP, STATUS } from './fields.js';
import * as machine from './machine.js';
import { shouldReconnect } from './machine.js';
import { CLOSED } from './phases.js';
import { createOutbox, type Outbox } from './outbox.js';
import { KEEP_MEMBERS } from '../limits.js';
import type {
  CloseInfo,
  ConnectionOptions,
  ConnectionStatus,
  WebSocketConstructor,
} from './types.js';
import type { Frame, OnBad, OnFrame } from './wire.js';

/** What tells a room from a socket. */
export interface Kind<S extends State = State> {
  /** Reads one WebSocket message of the server's. */
  read(data: unknown, v1: boolean, onFrame: OnFrame, onBad: OnBad): void;
  /** @throws RoomError `bad_message`. */
  toFrame(message: unknown): string;
  /** Whether a plain server begins with a frame, too. */
  readonly greetsPlain: boolean;
  /** What a v1 server hears before a deliberate close. */
  readonly bye?: string;
  /** Makes what a connection knows. */
  createKnown(): S;
  /** Its connections that are shared, by address. */
  readonly connections: Map<string, SharedConnection<S>>;
}

/** What is known from what the server has said. */
export interface State {
  /**
   * Follows a frame, if it is about this. `isFirst`: the first one of its connection. Returns whether there is
   * now something to `forget`, a moment later.
   */
  take(frame: Frame, isFirst: boolean): boolean | void;
  forget(): void;
  /** What has changed since this was last asked. In a closed room nobody is. */
  settle(isClosed?: boolean): Change;
  readonly memberIds: readonly string[];
}

/** `fields` are bits, see `fields.ts`; `ids` the members that changed, where there are members. */
export type Change = [fields: number, ids: ReadonlySet<string>];

/** Of the options; the last two a room's alone. */
export interface Callbacks extends Pick<
  ConnectionOptions,
  'onOpen' | 'onClose' | 'shouldReconnect'
> {
  onMissed?: (() => void) | undefined;
  onResume?: (() => void) | undefined;
}

/** The options that a connection is made with; `credentials` are asked for later, too. */
export interface MadeWith extends Pick<ConnectionOptions, 'reconnect' | 'credentials'> {
  presenceRate?: number | undefined;
}

/** One user of a connection: a component, or a caller of `joinRoom` or `openSocket`. */
export interface Attachment {
  changed(...change: Change): void;
  /** Calls back, if the user wants to be. Never throws. */
  call<N extends keyof Callbacks>(
    name: N,
    ...args: Parameters<NonNullable<Callbacks[N]>>
  ): ReturnType<NonNullable<Callbacks[N]>> | undefined;
  /** Never throws. */
  heard(message: Frame): void;
  /** False when nobody listens. */
  failed(error: RoomError): boolean;
}

/** One connection, and everybody on this page who uses it. */
export interface SharedConnection<S extends State> {
  readonly WebSocket: WebSocketConstructor;
  readonly known: S;
  readonly outbox: Outbox;
  readonly status: ConnectionStatus;
  readonly closeInfo: CloseInfo | undefined;
  /** When it was lost, or could first not be made, on the environment's clock; also when it is not to come back. */
  readonly lostSince: number | undefined;
  readonly driver: Pick<Driver, 'current' | 'dispatch' | 'reconnect'>;
  attach(attachment: Attachment): void;
  /** The last one to leave ends the connection. */
  detach(attachment: Attachment): void;
  /** False when others use the connection, which is then left as it is. */
  close(attachment: Attachment, code: number, reason: string): boolean;
}

/** The connection that everybody shares who joins this address, or one of one's own. */
export function connectionTo<S extends State>(
  kind: Kind<S>,
  url: string,
  WebSocket: WebSocketConstructor,
  share: boolean,
  options: () => MadeWith,
  environment: Environment,
): SharedConnection<S> {
  const { connections } = kind;
  const known = connections.get(url);
  if (share && known?.WebSocket === WebSocket) return known;
  const made = createConnection(kind, url, WebSocket, options, environment, () => {
    if (connections.get(url) === made) connections.delete(url);
  });
  if (share) connections.set(url, made);
  return made;
}

/** `retire`: nobody may join this connection any more. */
function createConnection<S extends State>(
  { read, greetsPlain, bye, createKnown }: Kind<S>,
  url: string,
  WebSocket: WebSocketConstructor,
  options: () => MadeWith,
  environment: Environment,
  retire: () => void,
): SharedConnection<S> {
  const { now, timer } = environment;
  const attached = new Set<Attachment>();
  let v1 = false;
  /** The server's last, and the one before. */
  let greeting: Frame | undefined;
  let before: Frame | undefined;
  /** The number of the last thing said in the room that was told here. */
  let seen: number | undefined;
  let changed = 0;
  /** Ends in forgetting what was known before a reconnect. */
  const moment = timer();

  const driver: Driver = createDriver(url, WebSocket, options, environment, {
    accepted(chosen) {
      v1 = chosen;
      if (!v1 && !greetsPlain) driver.dispatch(machine.greeted);
    },
    opened() {
      shared.lostSince = undefined;
      settle();
      call('onOpen');
      // Not before, because who is not let in is not heard; and a v1 server says in its first frame how large
      // a frame may be: a presence over that would end this connection and every one that follows.
      outbox.resume(v1 && greeting, before?.self === greeting?.self ? greeting?.acked : undefined);
      if (before?.session) call(greeting!.resumed ? 'onResume' : 'onMissed');
    },
    closed(info) {
      outbox.pause();
      shared.closeInfo = info;
      shared.lostSince ??= now();
      changed |= CLOSE_INFO;
      if (driver.current().phase === CLOSED) {
        retire();
        outbox.end(true);
      }
      settle();
      call('onClose', info);
    },
    stepped: settle,
    received: (data) => read(data, v1, take, failed),
    failed,
    resumption: () => (greeting?.session ? `roomful.resume.${greeting.session}.${seen}` : []),
    shouldReconnect: (info) =>
      [...attached].some(
        (attachment) =>
          attachment.call('shouldReconnect', info) ?? shouldReconnect(info, options().credentials),
      ),
  });
  const outbox = createOutbox(driver, options().presenceRate, environment, failed);

  const known = createKnown();

  function take(frame: Frame): void {
    // Before a callback is called: whoever comes back for it would hear it twice.
    if (!frame.resumed) seen = frame.seq ?? seen;
    const isFirst = shared.status !== 'open';
    if (known.take(frame, isFirst)) {
      moment(KEEP_MEMBERS, () => {
        known.forget();
        settle();
      });
    }
    // Of whatever kind: a plain server may tell of a message before it tells who is there.
    if (isFirst) {
      before = greeting;
      greeting = frame;
      driver.dispatch(machine.greeted, v1 && frame.heartbeat);
    }
    switch (frame.t) {
      case 'msg':
        // A message may speak of somebody who joined in the same batch.
        settle();
        // What a callback has closed meanwhile hears no more, though its batch goes on.
        if (shared.status === 'open') each((attachment) => attachment.heard(frame));
        return;
      case 'pong':
        changed |= ROUND_TRIP;
        return driver.dispatch(machine.pong);
      case 'auth':
        return driver.renew();
      case 'gap':
        return call('onMissed');
      case 'ack':
        return outbox.answered(frame.id);
      case 'error':
        return outbox.answered(frame.id, new RoomError(frame.code!, frame.reason!));
    }
  }

  /** Tells everybody what has changed, once however many frames came together. */
  function settle(): void {
    const { status } = driver.current();
    if (shared.status !== status) changed |= STATUS;
    shared.status = status;
    const isClosed = status === 'closed';
    if (isClosed) moment();
    const [more, ids] = known.settle(isClosed);
    const fields = changed | more;
    changed = 0;
    if (fields) each((attachment) => attachment.changed(fields, ids));
  }

  function failed(error: RoomError): void {
    const heard = [...attached].map((attachment) => attachment.failed(error));
    if (!heard.includes(true)) console.error(error);
  }

  function call<N extends keyof Callbacks>(
    name: N,
    ...args: Parameters<NonNullable<Callbacks[N]>>
  ) {
    each((attachment) => attachment.call(name, ...args));
  }

  /** Over a copy, because what is called may leave or join. */
  function each(call: (attachment: Attachment) => void): void {
    for (const attachment of [...attached]) if (attached.has(attachment)) call(attachment);
  }

  function close(code: number, reason: string): void {
    retire();
    outbox.pause();
    outbox.end();
    if (v1 && bye) driver.transmit(bye);
    driver.dispatch(machine.close, code, reason);
  }

  const shared: Changing<SharedConnection<S>> = {
    WebSocket,
    known,
    outbox,
    driver,
    status: 'connecting',
    closeInfo: undefined,
    lostSince: undefined,
    attach(attachment) {
      attached.add(attachment);
      if (shared.status === 'open') {
        // Later, because who has just joined does not hold the connection yet that `onOpen` is about.
        queueMicrotask(() => {
          if (shared.status === 'open' && attached.has(attachment)) attachment.call('onOpen');
        });
      }
      driver.dispatch(machine.start);
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
  return shared;
}

type Changing<T> = { -readonly [K in keyof T]: T[K] };
