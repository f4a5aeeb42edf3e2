/**
 * The connection as a state machine: what happened goes in, what to do comes out. It has no socket, timer,
 * clock or randomness of its own; `driver.ts` has.
 */
import {
  CLOSE_TIMEOUT,
  CONNECT_TIMEOUT,
  DEFAULT_HEARTBEAT,
  MAX_RETRY_AFTER,
  MIN_HEARTBEAT,
} from '../limits.js';
import type { CloseInfo, ReconnectOptions, RoomStatus } from '../types.js';
import { BYE, PING } from '../wire.js';

export type RetryPolicy = Required<ReconnectOptions>;

interface Trying {
  policy: RetryPolicy;
  /** Attempts since the last connection that lasted. */
  retries: number;
}

export type State =
  /** Nobody wants a connection. */
  | { phase: 'idle' }
  /** `again`: not the first attempt. `until`: when the attempt is given up. */
  | ({ phase: 'connecting'; again: boolean; until: number } & Trying)
  /** `heartbeat` and `pingAt` are absent on a plain connection and before the first snapshot. */
  | ({
      phase: 'open';
      v1: boolean;
      since: number;
      heartbeat?: number;
      pingAt?: number;
      unanswered: number;
    } & Trying)
  | ({ phase: 'waiting'; until: number } & Trying)
  | { phase: 'closing'; until: number }
  /** `revive`: it ran out of attempts, so the page's coming back starts it again. */
  | { phase: 'closed'; revive?: RetryPolicy };

export type Event =
  | { type: 'start'; policy: RetryPolicy }
  /** The last user has left. */
  | { type: 'stop' }
  | { type: 'close'; code: number; reason: string }
  | { type: 'opened'; v1: boolean }
  | { type: 'snapshot'; heartbeat?: unknown }
  | { type: 'pong' }
  /** The socket is gone. `again`: what `shouldReconnect` says. */
  | { type: 'lost'; info: CloseInfo; again: boolean }
  /** The page came online, was shown or became visible. */
  | { type: 'wake' }
  /** `deadline(state)` has passed, or not: a timer may be early. */
  | { type: 'tick' };

export type Action =
  | { do: 'connect' }
  | { do: 'send'; data: string }
  /** Begin the closing handshake. */
  | { do: 'close'; code: number; reason: string }
  /** Forget the socket: nothing that it still does is of interest. */
  | { do: 'drop' }
  /** Forget the socket and take it as lost. */
  | { do: 'abandon'; info: CloseInfo }
  | { do: 'opened'; v1: boolean }
  | { do: 'closed'; info: CloseInfo };

export type Step = [state: State, actions: Action[]];

const IDLE: State = { phase: 'idle' };
const CLOSED: State = { phase: 'closed' };

/** `random` is in [0, 1). Times are in milliseconds. */
export function step(state: State, event: Event, now: number, random: number): Step {
  switch (event.type) {
    case 'start':
      if (state.phase === 'idle') return connect(event.policy, false, now);
      if (state.phase === 'closed') return connect(event.policy, true, now);
      return [state, []];
    case 'stop':
      return stop(state);
    case 'close':
      return close(state, event, now);
    case 'opened':
      return opened(state, event.v1, now);
    case 'snapshot':
      return snapshot(state, event.heartbeat, now);
    case 'pong':
      return [state.phase === 'open' ? { ...state, unanswered: 0 } : state, []];
    case 'lost':
      return lost(state, event, now, random);
    case 'wake':
      return wake(state, now);
    case 'tick':
      return now < (deadline(state) ?? Infinity) ? [state, []] : due(state, now);
  }
}

/** When the machine wants its next `tick`. */
export function deadline(state: State): number | undefined {
  if (state.phase === 'open') return state.pingAt;
  return 'until' in state ? state.until : undefined;
}

export function statusOf(state: State): RoomStatus {
  switch (state.phase) {
    case 'idle':
      return 'connecting';
    case 'connecting':
      return state.again ? 'reconnecting' : 'connecting';
    case 'waiting':
      return 'reconnecting';
    default:
      return state.phase;
  }
}

/** Whether the page's coming back means anything. */
export function isWakeable(state: State): boolean {
  return state.phase === 'closed' ? state.revive !== undefined : state.phase !== 'idle';
}

/** A code from 1000 to 1999 other than 1000 means: try again; from 4000 to 4999: do not. */
export function shouldReconnect({ code }: CloseInfo): boolean {
  return code !== 1000 && !(code >= 4000 && code <= 4999);
}

function connect(policy: RetryPolicy, again: boolean, now: number, retries = 0): Step {
  const until = now + CONNECT_TIMEOUT;
  return [{ phase: 'connecting', policy, again, retries, until }, [{ do: 'connect' }]];
}

function stop(state: State): Step {
  if (state.phase === 'open') {
    return [IDLE, [...farewell(state.v1), { do: 'close', code: 1000, reason: '' }, { do: 'drop' }]];
  }
  return [IDLE, [{ do: 'drop' }]];
}

function close(
  state: State,
  { code, reason }: { code: number; reason: string },
  now: number,
): Step {
  switch (state.phase) {
    case 'open': {
      const next: State = { phase: 'closing', until: now + CLOSE_TIMEOUT };
      return [next, [...farewell(state.v1), { do: 'close', code, reason }]];
    }
    case 'connecting':
    case 'waiting':
      return [CLOSED, [{ do: 'drop' }, { do: 'closed', info: { code, reason, wasClean: false } }]];
    case 'closed':
      return [CLOSED, []];
    default:
      return [state, []];
  }
}

/** Without it the server would hold the member for its grace period. */
const farewell = (v1: boolean): Action[] => (v1 ? [{ do: 'send', data: BYE }] : []);

function opened(state: State, v1: boolean, now: number): Step {
  if (state.phase !== 'connecting') return [state, []];
  const { policy, retries } = state;
  const next: State = { phase: 'open', policy, retries, v1, since: now, unanswered: 0 };
  return [next, [{ do: 'opened', v1 }]];
}

function snapshot(state: State, wanted: unknown, now: number): Step {
  if (state.phase !== 'open' || !state.v1 || !(typeof wanted === 'number' && wanted > 0)) {
    return [state, []];
  }
  const heartbeat = Math.max(wanted, MIN_HEARTBEAT);
  return [{ ...state, heartbeat, pingAt: now + heartbeat, unanswered: 0 }, []];
}

function lost(
  state: State,
  { info, again }: { info: CloseInfo; again: boolean },
  now: number,
  random: number,
): Step {
  const closed: Action = { do: 'closed', info };
  if (state.phase === 'closing') return [CLOSED, [closed]];
  if (state.phase !== 'connecting' && state.phase !== 'open') return [state, []];
  if (!again) return [CLOSED, [closed]];
  const { policy } = state;
  const retries = hasLasted(state, now) ? 0 : state.retries;
  if (retries >= policy.maxRetries) return [{ phase: 'closed', revive: policy }, [closed]];
  const until = now + (retryAfter(info) ?? backoff(policy, retries, random));
  return [{ phase: 'waiting', policy, retries: retries + 1, until }, [closed]];
}

/** A server that accepts and then drops must not be retried for ever, so opening alone does not count. */
function hasLasted(state: State, now: number): boolean {
  return state.phase === 'open' && now - state.since >= (state.heartbeat ?? DEFAULT_HEARTBEAT);
}

/** Full jitter: when a server dies, its clients must not come back together. */
function backoff(policy: RetryPolicy, retries: number, random: number): number {
  return random * Math.min(policy.maxDelay, policy.minDelay * policy.growth ** retries);
}

/** A restarting server spreads its clients over time by itself. */
function retryAfter({ code, reason }: CloseInfo): number | undefined {
  const ms = code === 1012 ? /\bretry=(\d+)/.exec(reason)?.[1] : undefined;
  return ms === undefined ? undefined : Math.min(Number(ms), MAX_RETRY_AFTER);
}

function wake(state: State, now: number): Step {
  switch (state.phase) {
    case 'waiting':
      return connect(state.policy, true, now);
    case 'closed':
      return state.revive ? connect(state.revive, true, now) : [state, []];
    case 'connecting':
    case 'open':
      return [{ ...state, retries: 0 }, []];
    default:
      return [state, []];
  }
}

function due(state: State, now: number): Step {
  switch (state.phase) {
    case 'connecting':
      return [state, [abandon('the connection could not be made in time')]];
    case 'closing':
      return [state, [abandon('the peer did not answer the close')]];
    case 'waiting':
      return connect(state.policy, true, now, state.retries);
    case 'open':
      return heartbeat(state, now);
    default:
      return [state, []];
  }
}

function heartbeat(state: State & { phase: 'open' }, now: number): Step {
  if (state.unanswered >= 2) return [state, [abandon('two pings were not answered')]];
  const pingAt = now + (state.heartbeat ?? DEFAULT_HEARTBEAT);
  return [{ ...state, pingAt, unanswered: state.unanswered + 1 }, [{ do: 'send', data: PING }]];
}

/** 1006 is what a browser reports for a connection that ended without a close frame. */
const abandon = (reason: string): Action => ({
  do: 'abandon',
  info: { code: 1006, reason, wasClean: false },
});
