import { RoomError } from '../errors.js';
import { GIVEN_UP, MAX_TIMER } from '../limits.js';
import { withoutQuery } from '../url.js';
import type { Environment } from './environment.js';
import * as machine from './machine.js';
import {
  deadline,
  givenUp,
  type Action,
  type Actions,
  type Happening,
  type State,
} from './machine.js';
import type {
  CloseInfo,
  Credentials,
  ReconnectOptions,
  WebSocketConstructor,
  WebSocketLike,
} from './types.js';
import { encodeAuth, offers, SUBPROTOCOL } from './wire.js';

const OPEN = 1;

/** Who is told what the connection does. */
export interface DriverHost {
  /** The handshake is done. Returns whether that opens the connection, or else a first frame will. */
  accepted(v1: boolean): boolean;
  opened(): void;
  closed(info: CloseInfo): void;
  /** After every event: the status may have changed. */
  stepped(): void;
  received(data: unknown): void;
  failed(error: RoomError): void;
  credentials(): Credentials;
  shouldReconnect(info: CloseInfo): boolean;
}

export interface Driver {
  /** Gives up the socket that there is, and makes another at once, unless it is closed for good. */
  reconnect(): void;
  state(): State;
  dispatch<A extends unknown[]>(...happening: Happening<A>): void;
  /** False when the socket is not open: a browser would drop the frame and say nothing. */
  transmit(data: string): boolean;
  /** What has been sent and has not left yet, in bytes. */
  buffered(): number;
  /** Sends new credentials, where there are any. */
  renew(): void;
}

/** Runs the machine: one socket at a time, one timer, the page's events. */
export function createDriver(
  url: string,
  WebSocket: WebSocketConstructor,
  policy: ReconnectOptions,
  { now, random, setTimer, clearTimer, isOffline, onWake }: Environment,
  host: DriverHost,
): Driver {
  let state: State = { phase: 'idle' };
  let socket: WebSocketLike | undefined;
  let timer: unknown;
  let unwatch: (() => void) | undefined;

  function dispatch<A extends unknown[]>(...happening: Happening<A>): void {
    let actions: Action[];
    [state, actions] = machine.step(state, happening, now(), random(), policy);
    arm();
    // What calls user code comes last in every list, so that whatever the user code dispatches finds
    // the rest done.
    for (const [name, ...args] of actions) (act[name] as (...args: unknown[]) => void)(...args);
    host.stepped();
  }

  const act: { [N in keyof Actions]: (...args: Actions[N]) => void } = {
    connect: () => ask(open),
    send: transmit,
    close: (code, reason) => socket?.close(code, reason),
    drop,
    abandon,
    opened: host.opened,
    closed: host.closed,
  };

  /** What is found for another socket than there is now comes too late. */
  function ask(found: (credentials?: string) => void): void {
    const source = host.credentials();
    if (typeof source !== 'function') return found(source);
    // Without one: what stands for the socket to come.
    const asking = (socket ??= { close() {} } as WebSocketLike);
    (async () => source())().then(
      (credentials) => asking === socket && found(credentials),
      (cause) => asking === socket && fail('credentials_failed', cause),
    );
  }

  function open(credentials?: string): void {
    let made: WebSocketLike;
    try {
      made = socket = new WebSocket(url, offers(credentials));
    } catch (cause) {
      // A browser refuses an address for good: a wrong scheme, or ws: from an https: page.
      return fail('connect_failed', cause, false);
    }
    made.onopen = () => {
      const isGreeted = host.accepted(made.protocol === SUBPROTOCOL);
      dispatch(machine.connected);
      if (isGreeted) dispatch(machine.greeted);
    };
    made.onmessage = ({ data }) => {
      // Looked at first, because a busy room says thousands of things a second.
      if (state.phase === 'open' && state.tries.grown) dispatch(machine.exchanged);
      host.received(data);
    };
    made.onclose = ({ code, reason, wasClean }) => {
      socket = undefined;
      lost({ code, reason, wasClean });
    };
    // A close event follows, and says more.
    made.onerror = () => {};
  }

  /** Without the error as a cause: it may have the address in it. */
  function fail(code: string, cause: unknown, again?: boolean): void {
    const reason = withoutQuery(cause);
    host.failed(new RoomError(code, `cannot connect to ${withoutQuery(url)}: ${reason}`));
    if (state.phase !== 'open') lost({ code: 1006, reason, wasClean: false }, again);
  }

  function drop(code?: number): void {
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code);
    socket = undefined;
  }

  function abandon(info: CloseInfo, again?: boolean): void {
    drop(GIVEN_UP);
    lost(info, again);
  }

  function lost(info: CloseInfo, again = host.shouldReconnect(info)): void {
    dispatch(machine.lost, info, again, isOffline());
  }

  function arm(): void {
    clearTimer(timer);
    const at = deadline(state);
    if (at !== undefined) {
      timer = setTimer(() => dispatch(machine.tick), Math.min(at - now(), MAX_TIMER));
    }
    if (state.phase === 'closed') unwatch?.();
    else unwatch ??= onWake(() => dispatch(machine.wake));
  }

  function transmit(data: string): boolean {
    if (socket?.readyState !== OPEN) return false;
    socket.send(data);
    return true;
  }

  return {
    reconnect() {
      if (state.phase === 'closing') return;
      abandon(givenUp('reconnect'), true);
      dispatch(machine.wake);
    },
    state: () => state,
    dispatch,
    transmit,
    buffered: () => socket?.bufferedAmount ?? 0,
    renew: () => ask((credentials) => credentials && transmit(encodeAuth(credentials))),
  };
}
