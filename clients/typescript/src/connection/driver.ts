import { RoomError } from '../errors.js';
import { MAX_TIMER } from '../limits.js';
import type { CloseInfo, RoomStatus, WebSocketConstructor, WebSocketLike } from '../types.js';
import { SUBPROTOCOL } from '../wire.js';
import type { Environment } from './environment.js';
import {
  deadline,
  isWakeable,
  statusOf,
  step,
  type Action,
  type Event,
  type State,
} from './machine.js';

const OPEN = 1;

/** Who is told what the connection does. */
export interface DriverHost {
  opened(v1: boolean): void;
  closed(info: CloseInfo): void;
  /** After every event: the status may have changed. */
  stepped(): void;
  received(data: unknown): void;
  failed(error: RoomError): void;
  shouldReconnect(info: CloseInfo): boolean;
}

/** Runs the machine: one socket at a time, one timer, the page's events. */
export class Driver {
  #state: State = { phase: 'idle' };
  #socket: WebSocketLike | undefined;
  #timer: unknown;
  #unwatch: (() => void) | undefined;

  constructor(
    private readonly url: string,
    private readonly WebSocket: WebSocketConstructor,
    private readonly environment: Environment,
    private readonly host: DriverHost,
  ) {}

  get status(): RoomStatus {
    return statusOf(this.#state);
  }

  /** Whether a closed connection may still come back by itself. */
  get isRevivable(): boolean {
    return isWakeable(this.#state);
  }

  /** UTF-16 units or bytes, whichever the browser counts, that have been sent and have not left yet. */
  get buffered(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** False when the socket is not open: a browser would drop the frame and say nothing. */
  transmit(data: string): boolean {
    if (this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(data);
    return true;
  }

  dispatch(event: Event): void {
    const { now, random } = this.environment;
    const [state, actions] = step(this.#state, event, now(), random());
    this.#state = state;
    this.#arm();
    this.#watch();
    // What calls user code comes last in every list, so that whatever the user code dispatches finds
    // the rest done.
    for (const action of actions) this.#act(action);
    this.host.stepped();
  }

  #act(action: Action): void {
    switch (action.do) {
      case 'connect':
        return this.#connect();
      case 'send':
        return void this.transmit(action.data);
      case 'close':
        return this.#socket?.close(action.code, action.reason);
      case 'drop':
        return this.#drop();
      case 'abandon':
        this.#drop();
        return this.#lost(action.info);
      case 'opened':
        return this.host.opened(action.v1);
      case 'closed':
        return this.host.closed(action.info);
    }
  }

  #connect(): void {
    this.#drop();
    let socket: WebSocketLike;
    try {
      socket = new this.WebSocket(this.url, [SUBPROTOCOL]);
    } catch (cause) {
      // A browser refuses an address for good: a wrong scheme, or ws: from an https: page.
      const error = new RoomError('connect_failed', `cannot connect to ${this.url}`, { cause });
      this.host.failed(error);
      const info = { code: 1006, reason: error.message, wasClean: false };
      return this.dispatch({ type: 'lost', info, again: false });
    }
    this.#socket = socket;
    socket.onopen = () => this.dispatch({ type: 'opened', v1: socket.protocol === SUBPROTOCOL });
    socket.onmessage = ({ data }) => this.host.received(data);
    socket.onclose = ({ code, reason, wasClean }) => {
      this.#socket = undefined;
      this.#lost({ code, reason, wasClean });
    };
    // A close event follows, and says more.
    socket.onerror = () => {};
  }

  #drop(): void {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #lost(info: CloseInfo): void {
    this.dispatch({ type: 'lost', info, again: this.host.shouldReconnect(info) });
  }

  #arm(): void {
    const { now, setTimer, clearTimer } = this.environment;
    if (this.#timer !== undefined) clearTimer(this.#timer);
    this.#timer = undefined;
    const at = deadline(this.#state);
    if (at === undefined) return;
    this.#timer = setTimer(
      () => this.dispatch({ type: 'tick' }),
      Math.min(Math.max(at - now(), 0), MAX_TIMER),
    );
  }

  #watch(): void {
    if (isWakeable(this.#state)) {
      this.#unwatch ??= this.environment.onWake(() => this.dispatch({ type: 'wake' }));
    } else {
      this.#unwatch?.();
      this.#unwatch = undefined;
    }
  }
}
