/**
 * The connection as a state machine: what happened goes in, what to do comes out. It has no socket, timer,
 * clock or randomness of its own; `driver.ts` has.
 */
import {
  CLOSE_TIMEOUT,
  CONNECT_TIMEOUT,
  DEFAULT_HEARTBEAT,
  GREETING_TIMEOUT,
  MAX_RETRY_AFTER,
  MIN_HEARTBEAT,
} from '../limits.js';
import type { CloseInfo, ConnectionStatus, ReconnectOptions } from './types.js';
import { PING } from './wire.js';

export type RetryPolicy = Required<ReconnectOptions>;

interface Trying {
  /** Attempts since the last connection that lasted. */
  retries: number;
}

/** An attempt. `again`: not the first one. `until`: when it is given up. */
interface Attempt extends Trying {
  again: boolean;
  until: number;
}

/** `heartbeat` and `until`, the next ping, are absent on a plain connection. */
interface Open extends Trying {
  phase: 'open';
  since: number;
  heartbeat?: number;
  until?: number;
  unanswered: number;
}

export type State =
  /** Not started. */
  | { phase: 'idle' }
  | ({ phase: 'connecting' } & Attempt)
  /** Connected, and not let in yet: who is denied is closed here. */
  | ({ phase: 'greeting' } & Attempt)
  | Open
  | ({ phase: 'waiting'; until: number } & Trying)
  | { phase: 'closing'; until: number }
  | { phase: 'closed' }
  /** Closed for want of attempts, so that the page's coming back starts it again. */
  | { phase: 'exhausted' };

/** What happens to a connection, and what is known of it. */
interface Events {
  start: [];
  close: [code: number, reason: string];
  /** The handshake is done. `isGreeted`: the server has no more to say before all else. */
  connected: [isGreeted: boolean];
  /** The server has said its first frame, a v1 server in it how often it wants a ping. */
  greeted: [heartbeat?: unknown];
  pong: [];
  /** The socket is gone. `again`: what `shouldReconnect` says. */
  lost: [info: CloseInfo, again: boolean];
  /** The page came online, was shown or became visible. */
  wake: [];
  /** `deadline(state)` has passed, or not: a timer may be early. */
  tick: [];
}

/** What is to be done about it, in order. */
export interface Actions {
  connect: [];
  send: [data: string];
  /** Begin the closing handshake. */
  close: [code: number, reason: string];
  /** Forget the socket: nothing that it still does is of interest. */
  drop: [];
  /** Forget the socket and take it as lost. */
  abandon: [info: CloseInfo];
  opened: [];
  closed: [info: CloseInfo];
}

type Named<T extends Record<keyof T, unknown[]>> = { [N in keyof T]: [N, ...T[N]] }[keyof T];

export type Event = Named<Events>;
export type Action = Named<Actions>;
export type Step = [state: State, actions: Action[]];

/** Times are in milliseconds; `random` is in [0, 1). */
interface Moment {
  now: number;
  random: number;
  policy: RetryPolicy;
}

const CLOSED: State = { phase: 'closed' };

/** Times are in milliseconds; `random` is in [0, 1). */
export function step(
  state: State,
  [name, ...args]: Event,
  now: number,
  random: number,
  policy: RetryPolicy,
): Step {
  const handler = on[name] as (state: State, at: Moment, ...args: unknown[]) => Step | void;
  return handler(state, { now, random, policy }, ...args) ?? [state, []];
}

/** When the machine wants its next `tick`. */
export function deadline(state: State): number | undefined {
  return 'until' in state ? state.until : undefined;
}

export function statusOf(state: State): ConnectionStatus {
  if ('again' in state) return state.again ? 'reconnecting' : 'connecting';
  switch (state.phase) {
    case 'idle':
      return 'connecting';
    case 'waiting':
      return 'reconnecting';
    case 'exhausted':
      return 'closed';
    default:
      return state.phase;
  }
}

/** A code from 1000 to 1999 other than 1000 means: try again; from 4000 to 4999: do not. */
export function shouldReconnect({ code }: CloseInfo): boolean {
  return code !== 1000 && !(code >= 4000 && code <= 4999);
}

/** One for each event. `undefined` where the event means nothing. */
const on: {
  [N in keyof Events]: (state: State, at: Moment, ...args: Events[N]) => Step | undefined;
} = {
  start({ phase }, { now }) {
    if (/idle|exhausted/.test(phase)) return connect(now, phase !== 'idle');
  },

  close(state, { now }, code, reason) {
    switch (state.phase) {
      case 'greeting':
      case 'open':
        return [{ phase: 'closing', until: now + CLOSE_TIMEOUT }, [['close', code, reason]]];
      case 'exhausted':
        return [CLOSED, []];
      case 'connecting':
      case 'waiting':
        return [CLOSED, [['drop'], ['closed', { code, reason, wasClean: false }]]];
    }
  },

  connected(state, at, isGreeted) {
    if (state.phase !== 'connecting') return;
    const greeting: State = { ...state, phase: 'greeting', until: at.now + GREETING_TIMEOUT };
    return isGreeted ? on.greeted(greeting, at) : [greeting, []];
  },

  greeted(state, { now }, wanted) {
    const isNew = state.phase === 'greeting';
    if (!isNew && state.phase !== 'open') return;
    const { retries } = state;
    const open: Open = isNew ? { phase: 'open', retries, since: now, unanswered: 0 } : state;
    const opened: Action[] = isNew ? [['opened']] : [];
    if (typeof wanted !== 'number' || !(wanted > 0)) return [open, opened];
    const heartbeat = Math.max(wanted, MIN_HEARTBEAT);
    return [{ ...open, heartbeat, until: now + heartbeat }, opened];
  },

  pong(state) {
    if (state.phase === 'open') return [{ ...state, unanswered: 0 }, []];
  },

  lost(state, { now, random, policy }, info, again) {
    const { phase } = state;
    const closed: Action[] = [['closed', info]];
    if (phase === 'closing') return [CLOSED, closed];
    if (!('retries' in state) || phase === 'waiting') return;
    if (!again) return [CLOSED, closed];
    const retries = hasLasted(state, now) ? 0 : state.retries;
    if (retries >= policy.maxRetries) return [{ phase: 'exhausted' }, closed];
    const until = now + (retryAfter(info) ?? backoff(policy, retries, random));
    return [{ phase: 'waiting', retries: retries + 1, until }, closed];
  },

  wake(state, { now }) {
    const { phase } = state;
    if (phase === 'waiting' || phase === 'exhausted') return connect(now, true);
    if ('retries' in state) return [{ ...state, retries: 0 }, []];
  },

  tick(state, { now }) {
    if (!(now >= deadline(state)!)) return;
    if (state.phase === 'waiting') return connect(now, true, state.retries);
    if (state.phase !== 'open') return [state, abandon(state.phase + ' took too long')];
    if (state.unanswered > 1) return [state, abandon('two pings went unanswered')];
    const { heartbeat = DEFAULT_HEARTBEAT, unanswered } = state;
    return [{ ...state, until: now + heartbeat, unanswered: unanswered + 1 }, [['send', PING]]];
  },
};

function connect(now: number, again: boolean, retries = 0): Step {
  return [{ phase: 'connecting', again, retries, until: now + CONNECT_TIMEOUT }, [['connect']]];
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
  return ms ? Math.min(+ms, MAX_RETRY_AFTER) : undefined;
}

/** 1006 is what a browser reports for a connection that ended without a close frame. */
const abandon = (reason: string): Action[] => [
  ['abandon', { code: 1006, reason, wasClean: false }],
];
