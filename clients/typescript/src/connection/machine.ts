/**
 * The connection as a state machine: what happened goes in, what to do comes out. It has no socket, timer,
 * clock or randomness of its own; `driver.ts` has.
 */
import {
  CLOSE_TIMEOUT,
  CONNECT_TIMEOUT,
  GIVEN_UP,
  GREETING_TIMEOUT,
  LASTING,
  MAX_RETRY_AFTER,
  MIN_HEARTBEAT,
  WAKE_TIMEOUT,
} from '../limits.js';
import * as actions from './actions.js';
import type { Action } from './actions.js';
import { CLOSED, CLOSING, CONNECTING, GREETING, IDLE, OPEN, WAITING } from './phases.js';
import type { CloseInfo, ConnectionStatus, Credentials, ReconnectOptions } from './types.js';
import { PING } from './wire.js';

/** Of what is said of one phase, others have what it was left with, which means nothing to them. */
export interface State {
  phase: number;
  /** The public one. `closed`, where `maxRetries` are spent and attempts go on. */
  status: ConnectionStatus;
  /**
   * When it wants its next `tick`: the next attempt, the next ping, or when what is going on is given up. Infinite while
   * the page is in the back/forward cache, and where nothing is due, as on a plain connection.
   */
  until: number;
  /** Of `maxRetries`, those that are spent since the last connection that lasted. */
  spent: number;
  /** Attempts since then whose delays have grown one from the other, spent or not. */
  grown: number;
  /** When the attempt, or the socket, or its being open, has begun. */
  since: number;
  /** The page woke, and so many pongs have to come before this counts as alive; 1 for an attempt, where none can. */
  owed: number;
  /** Between pings; infinite where there are none. */
  interval: number;
  unanswered: number;
  /** When the last ping was sent. */
  pinged: number;
  /** What an answer took. */
  roundTrip?: number | undefined;
}

/** `actions`: what is to be done about it, in order. */
export type Step = [state: Readonly<State>, actions: Action[]];

/**
 * What happens to a connection is one of the functions below, with what is known of it. It changes the copy that it is
 * given, and says what to do. `now` is in milliseconds.
 */
export type Event<A extends unknown[] = any[]> = (
  state: State,
  now: number,
  ...args: A
) => Action[] | void;

export type Happening<A extends unknown[] = any[]> = [event: Event<A>, ...args: A];

export const START: Readonly<State> = {
  phase: IDLE,
  status: 'connecting',
  until: Infinity,
  spent: 0,
  grown: 0,
  since: 0,
  owed: 0,
  interval: Infinity,
  unanswered: 0,
  pinged: 0,
};

export function step<A extends unknown[]>(
  before: Readonly<State>,
  [event, ...args]: Happening<A>,
  now: number,
): Step {
  const state = { ...before };
  return [state, event(state, now, ...args) ?? []];
}

/** Whether something may still open it, without being asked to. */
export const mayOpen = ({ phase, until }: Readonly<State>): boolean =>
  phase < CLOSING && (phase !== WAITING || until < Infinity);

/**
 * A code from 1000 to 1999 other than 1000 means: try again; from 4000 to 4999: do not, unless it is only that the
 * credentials have expired, and others can be had.
 */
export function shouldReconnect({ code }: CloseInfo, credentials?: Credentials): boolean {
  return code === 4401
    ? typeof credentials === 'function'
    : code !== 1000 && (code < 4000 || code > 4999);
}

export const start: Event<[]> = (state, now) => {
  if (state.phase === IDLE) return connect(state, now);
  if (state.status === 'closed') return wake(state, now);
};

export const close: Event<[code: number, reason: string]> = (state, now, code, reason) => {
  const { phase, status } = state;
  if (phase === GREETING || phase === OPEN) {
    become(state, now, CLOSING, 'closing', CLOSE_TIMEOUT);
    return [[actions.CLOSE, code, reason]];
  }
  if (!goesOn(state)) return;
  become(state, now, CLOSED, 'closed');
  // Once its retries are spent, it has been told of its end.
  if (phase === WAITING && status === 'closed') return;
  return [[actions.DROP], [actions.CLOSED, unclean(code, reason)]];
};

/** The handshake is done. */
export const connected: Event<[]> = (state, now) => {
  if (state.phase === CONNECTING) become(state, now, GREETING, state.status, GREETING_TIMEOUT);
};

/** The server has said its first frame, or has none to say; a v1 server says in it how often it wants a ping. */
export const greeted: Event<[heartbeat?: any]> = (state, now, wanted) => {
  if (state.phase !== GREETING) return;
  state.interval = wanted > 0 ? Math.max(wanted, MIN_HEARTBEAT) : Infinity;
  become(state, now, OPEN, 'open', state.interval);
  state.unanswered = 0;
  state.roundTrip = undefined;
  return [[actions.OPENED]];
};

export const pong: Event<[]> = (state, now) => {
  if (state.phase !== OPEN) return;
  // Those that were owed before the page woke may have lain in its buffers ever since.
  if (state.owed && !--state.owed) state.until = now + state.interval;
  // Where several are unanswered, nothing says which of them this is the answer to.
  if (state.unanswered === 1) state.roundTrip = now - state.pinged;
  state.unanswered = 0;
};

/**
 * The socket is gone. `again`: what `shouldReconnect` says. `offline`: what the browser says. `heard`: whether
 * the server has said something after its greeting. `random` is in [0, 1).
 */
export const lost: Event<
  [
    info: CloseInfo,
    again: boolean,
    offline: boolean,
    random: number,
    policy: ReconnectOptions,
    heard?: boolean,
  ]
> = (state, now, info, again, offline, random, policy, heard) => {
  const { phase, status } = state;
  if (!isLive(state) && phase !== CLOSING) return;
  if (!again || phase === CLOSING) become(state, now, CLOSED, 'closed');
  else {
    // A server that lets in and then drops must not be retried as often for ever, so opening alone does not count.
    if (phase === OPEN && (heard || now - state.since >= LASTING)) afresh(state);
    const {
      maxRetries = 5,
      minDelay = 250,
      maxDelay = 30_000,
      growth = 2,
      keepTrying = true,
    } = policy;
    const named = retryAfter(info);
    const spent = state.spent + +!offline;
    if (named !== undefined) become(state, now, WAITING, 'reconnecting', named);
    else if (status === 'closed' || spent > maxRetries) {
      // Nothing grows any more: `maxDelay`, spread by half of it to both sides.
      const delay = Math.max(minDelay, maxDelay * (0.5 + random));
      become(state, now, WAITING, 'closed', keepTrying ? delay : Infinity);
    } else {
      state.spent = spent;
      // From `minDelay` to what `growth` has made of it: when a server dies, its clients must not come back together,
      // and not at once. 0 times infinity is no number.
      const most = Math.min(maxDelay, minDelay * growth ** ++state.grown || 0);
      const delay = minDelay + random * Math.max(0, most - minDelay);
      become(state, now, WAITING, 'reconnecting', state.owed ? 0 : delay);
    }
  }
  return [[actions.CLOSED, info]];
};

/** The page came online, was shown or became visible. */
export const wake: Event<[]> = (state, now) => {
  if (!goesOn(state)) return;
  afresh(state);
  if (!isLive(state)) return connect(state, now, 'reconnecting');
  if (state.phase !== OPEN) {
    if (state.status === 'closed') state.status = 'reconnecting';
    state.owed = 1;
    state.until = Math.min(state.until, state.since + WAKE_TIMEOUT);
  } else if (state.interval < Infinity && !state.owed) {
    const pinging = ping(state, now, WAKE_TIMEOUT);
    state.owed = state.unanswered;
    return pinging;
  }
};

/**
 * The page goes into the back/forward cache, where a socket would die unheard, or keep it out. Nothing is told before it
 * is back, and no time counts meanwhile.
 */
export const sleep: Event<[]> = (state) => {
  if (!isLive(state)) return;
  afresh(state);
  state.until = Infinity;
  return [[actions.DROP, GIVEN_UP]];
};

/** `until` has passed, or not: a timer may be early. */
export const tick: Event<[]> = (state, now) => {
  if (now < state.until) return;
  if (state.phase === WAITING) return connect(state, now);
  if (state.phase === OPEN && !state.owed && state.unanswered < 2) {
    return ping(state, now, state.interval);
  }
  return [[actions.ABANDON, givenUp('no answer')]];
};

/** For so long. */
function become(
  state: State,
  now: number,
  phase: number,
  status: ConnectionStatus,
  wait = Infinity,
): void {
  state.phase = phase;
  state.status = status;
  state.since = now;
  state.until = now + wait;
  state.owed = 0;
}

function connect(state: State, now: number, status = state.status): Action[] {
  become(state, now, CONNECTING, status, CONNECT_TIMEOUT);
  return [[actions.CONNECT]];
}

function ping(state: State, now: number, wait: number): Action[] {
  state.pinged = now;
  state.unanswered++;
  state.until = now + wait;
  return [[actions.SEND, PING]];
}

function afresh(state: State): void {
  state.spent = state.grown = 0;
}

/** There is a socket, or soon will be. */
const isLive = ({ phase }: State): boolean => phase < WAITING;

const goesOn = ({ phase }: State): boolean => phase <= WAITING;

/** A restarting server spreads its clients over time by itself. */
function retryAfter({ code, reason }: CloseInfo): number | void {
  const ms = code === 1012 && /\bretry=(\d+)/.exec(reason)?.[1];
  if (ms) return Math.min(+ms, MAX_RETRY_AFTER);
}

/** 1006 is what a browser reports for a connection that ended without a close frame. */
export const givenUp = (reason: string): CloseInfo => unclean(1006, reason);

/** Of what ended without a closing handshake. */
export const unclean = (code: number, reason: string): CloseInfo => ({
  code,
  reason,
  wasClean: false,
});
