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

/** `heartbeat` and `until`, the next ping, are absent on a plain connection and before the snapshot. */
interface Open extends Trying {
  phase: 'open';
  v1: boolean;
  since: number;
  heartbeat?: number;
  until?: number;
  unanswered: number;
}

export type State =
  /** Nobody wants a connection. */
  | { phase: 'idle' }
  /** `again`: not the first attempt. `until`: when the attempt is given up. */
  | ({ phase: 'connecting'; again: boolean; until: number } & Trying)
  | Open
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
  return next(state, event, now, random) ?? [state, []];
}

/** When the machine wants its next `tick`. */
export function deadline(state: State): number | undefined {
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

/** `undefined` where the event means nothing. */
function next(state: State, event: Event, now: number, random: number): Step | undefined {
  const { phase } = state;
  switch (event.type) {
    case 'start':
      if (phase === 'idle' || phase === 'closed')
        return connect(event.policy, now, phase !== 'idle');
      return;
    case 'stop':
      return [IDLE, [...farewell(state, 1000, ''), { do: 'drop' }]];
    case 'close':
      return close(state, event, now);
    case 'opened':
      return phase === 'connecting' ? opened(state, event.v1, now) : undefined;
    case 'snapshot':
      return phase === 'open' ? snapshot(state, event.heartbeat, now) : undefined;
    case 'pong':
      return phase === 'open' ? [{ ...state, unanswered: 0 }, []] : undefined;
    case 'lost':
      return lost(state, event, now, random);
    case 'wake':
      return wake(state, now);
    case 'tick':
      return now < (deadline(state) ?? Infinity) ? undefined : due(state, now);
  }
}

function connect(policy: RetryPolicy, now: number, again: boolean, retries = 0): Step {
  const until = now + CONNECT_TIMEOUT;
  return [{ phase: 'connecting', policy, again, retries, until }, [{ do: 'connect' }]];
}

function close(
  state: State,
  { code, reason }: { code: number; reason: string },
  now: number,
): Step | undefined {
  switch (state.phase) {
    case 'open':
      return [{ phase: 'closing', until: now + CLOSE_TIMEOUT }, farewell(state, code, reason)];
    case 'connecting':
    case 'waiting':
      return [CLOSED, [{ do: 'drop' }, { do: 'closed', info: { code, reason, wasClean: false } }]];
    case 'closed':
      return [CLOSED, []];
  }
}

/** The bye says that it is on purpose: without it a server may hold the member for a grace period. */
function farewell(state: State, code: number, reason: string): Action[] {
  if (state.phase !== 'open') return [];
  const close: Action = { do: 'close', code, reason };
  return state.v1 ? [{ do: 'send', data: BYE }, close] : [close];
}

function opened({ policy, retries }: Trying, v1: boolean, now: number): Step {
  const state: State = { phase: 'open', policy, retries, v1, since: now, unanswered: 0 };
  return [state, [{ do: 'opened', v1 }]];
}

function snapshot(state: Open, wanted: unknown, now: number): Step | undefined {
  if (!state.v1 || typeof wanted !== 'number' || !(wanted > 0)) return;
  const heartbeat = Math.max(wanted, MIN_HEARTBEAT);
  return [{ ...state, heartbeat, until: now + heartbeat, unanswered: 0 }, []];
}

function lost(
  state: State,
  { info, again }: { info: CloseInfo; again: boolean },
  now: number,
  random: number,
): Step | undefined {
  const closed: Action[] = [{ do: 'closed', info }];
  if (state.phase === 'closing') return [CLOSED, closed];
  if (state.phase !== 'connecting' && state.phase !== 'open') return;
  if (!again) return [CLOSED, closed];
  const { policy } = state;
  const retries = hasLasted(state, now) ? 0 : state.retries;
  if (retries >= policy.maxRetries) return [{ phase: 'closed', revive: policy }, closed];
  const until = now + (retryAfter(info) ?? backoff(policy, retries, random));
  return [{ phase: 'waiting', policy, retries: retries + 1, until }, closed];
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
  const ms = code === 1012 && /\bretry=(\d+)/.exec(reason)?.[1];
  return ms ? Math.min(Number(ms), MAX_RETRY_AFTER) : undefined;
}

function wake(state: State, now: number): Step | undefined {
  switch (state.phase) {
    case 'waiting':
      return connect(state.policy, now, true);
    case 'closed':
      return state.revive && connect(state.revive, now, true);
    case 'connecting':
    case 'open':
      return [{ ...state, retries: 0 }, []];
  }
}

function due(state: State, now: number): Step | undefined {
  switch (state.phase) {
    case 'connecting':
      return [state, abandon('connecting took too long')];
    case 'closing':
      return [state, abandon('closing took too long')];
    case 'waiting':
      return connect(state.policy, now, true, state.retries);
    case 'open':
      return heartbeat(state, now);
  }
}

function heartbeat(state: Open, now: number): Step {
  if (state.unanswered >= 2) return [state, abandon('two pings went unanswered')];
  const until = now + (state.heartbeat ?? DEFAULT_HEARTBEAT);
  return [{ ...state, until, unanswered: state.unanswered + 1 }, [{ do: 'send', data: PING }]];
}

/** 1006 is what a browser reports for a connection that ended without a close frame. */
const abandon = (reason: string): Action[] => [
  { do: 'abandon', info: { code: 1006, reason, wasClean: false } },
];
