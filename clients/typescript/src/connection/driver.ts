import { RoomError } from '../errors.js';
import { GIVEN_UP } from '../limits.js';
import { withoutQuery } from '../url.js';
import type { Environment } from './environment.js';
import * as actions from './actions.js';
import type { Action, Actions } from './actions.js';
import * as machine from './machine.js';
import { givenUp, type Happening, type State } from './machine.js';
import { CLOSED, CLOSING, OPEN, WAITING } from './phases.js';
import type { CloseInfo, ConnectionOptions, WebSocketConstructor, WebSocketLike } from './types.js';
import { encodeAuth, offers, SUBPROTOCOL } from './wire.js';

/** Of a WebSocket. */
const IS_OPEN = 1;

/** What is asked for once, and what again and again. */
type DriverOptions = Pick<ConnectionOptions, 'reconnect' | 'credentials'>;

/** Who is told what the connection does. */
export interface DriverHost {
  /** The handshake is done. */
  accepted(v1: boolean): void;
  opened(): void;
  closed(info: CloseInfo): void;
  /** After every event, and all that was received: the status may have changed, and more. */
  stepped(): void;
  received(data: unknown): void;
  failed(error: RoomError): void;
  /** The sub-protocol that names the session to go on with, if any, and where. */
  resumption(): string | [];
  shouldReconnect(info: CloseInfo): boolean;
}

export interface Driver {
  /** Gives up the socket that there is, and makes another at once, unless it is closed for good. */
  reconnect(): void;
  current(): State;
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
  options: () => DriverOptions,
  { now, random, timer, isOffline, onWake }: Environment,
  host: DriverHost,
): Driver {
  const { reconnect: policy = {} } = options();
  const later = timer();
  let state = machine.START;
  let socket: WebSocketLike | undefined;
  /** Whether the server has said something over the latest socket, after its greeting. */
  let heard = false;
  const unwatch = onWake((sleeps) => {
    // It slept: there is nothing else that is live and has no socket.
    if (state.phase < WAITING && !socket) abandon(givenUp('pagehide'));
    dispatch(sleeps ? machine.sleep : machine.wake);
  });

  function dispatch<A extends unknown[]>(...happening: Happening<A>): void {
    let todo: Action[];
    [state, todo] = machine.step(state, happening, now());
    arm();
    // What calls user code comes last in every list, so that whatever the user code dispatches finds
    // the rest done.
    for (const [name, ...args] of todo) (act[name] as (...args: unknown[]) => void)(...args);
    host.stepped();
  }

  const act: { [N in keyof Actions]: (...args: Actions[N]) => void } = {
    [actions.CONNECT]: () => ask(open),
    [actions.SEND]: transmit,
    [actions.CLOSE]: (code, reason) => socket?.close(code, reason),
    [actions.DROP]: drop,
    [actions.ABANDON]: abandon,
    [actions.OPENED]: host.opened,
    [actions.CLOSED]: host.closed,
  };

  /** What is found for another socket than there is now comes too late. */
  function ask(found: (credentials?: string) => void): void {
    const source = options().credentials;
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
      made = socket = new WebSocket(url, offers(credentials, host.resumption()));
    } catch (cause) {
      // A browser refuses an address for good: a wrong scheme, or ws: from an https: page.
      return fail('connect_failed', cause, false);
    }
    heard = false;
    made.onopen = () => {
      dispatch(machine.connected);
      host.accepted(made.protocol === SUBPROTOCOL);
    };
    made.onmessage = ({ data }) => {
      heard = state.phase === OPEN;
      host.received(data);
      host.stepped();
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
    host.failed(new RoomError(code, `${withoutQuery(url)}: ${reason}`));
    if (state.phase !== OPEN) lost(givenUp(reason), again);
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
    dispatch(machine.lost, info, again, isOffline(), random(), policy, heard);
  }

  function arm(): void {
    later(state.until - now(), () => dispatch(machine.tick));
    if (state.phase === CLOSED) unwatch();
  }

  function transmit(data: string): boolean {
    if (socket?.readyState !== IS_OPEN) return false;
    socket.send(data);
    return true;
  }

  return {
    reconnect() {
      if (state.phase === CLOSING) return;
      abandon(givenUp('reconnect'), true);
      dispatch(machine.wake);
    },
    current: () => state,
    dispatch,
    transmit,
    buffered: () => socket?.bufferedAmount ?? 0,
    renew: () => ask((credentials) => credentials && transmit(encodeAuth(credentials))),
  };
}
