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
import type { CloseInfo, Credentials, ReconnectOptions } from './types.js';
import { PING } from './wire.js';

/** Counted since the last connection that lasted. */
interface Tries {
  /** Of `maxRetries`, those that are spent. */
  readonly spent: number;
  /** Attempts whose delays have grown one from the other, spent or not. */
  readonly grown: number;
}

interface Trying {
  tries: Tries;
}

/** There is a socket, or soon will be. */
interface Live extends Trying {
  since: number;
  /** The page woke, and so many pongs have to come before this counts as alive; 1 for an attempt, where none can. */
  owed: number;
}

/** An attempt. `until`: when it is given up. */
interface Attempt<Phase = typeof CONNECTING | typeof GREETING> extends Live {
  phase: Phase;
  status: 'connecting' | 'reconnecting' | 'closed';
  until: number;
}

/**
 * `interval` and `until`, the next ping or when it is given up, are absent on a plain connection. `pinged`: when the
 * last ping was sent; `roundTrip`: what an answer took.
 */
interface Open extends Live {
  phase: typeof OPEN;
  status: 'open';
  interval?: number;
  until?: number;
  unanswered: number;
  pinged?: number;
  roundTrip?: number;
}

/** `until`: the next attempt. `closed`: `maxRetries` are spent, and where `until` is absent none is made. */
interface Waiting extends Trying {
  phase: typeof WAITING;
  status: 'reconnecting' | 'closed';
  until: number | undefined;
}

/** `status` is the public one. */
export type State =
  | { phase: typeof IDLE; status: 'connecting' }
  | Attempt<typeof CONNECTING>
  | Attempt<typeof GREETING>
  | Open
  | Waiting
  | { phase: typeof CLOSING; status: 'closing'; until: number }
  | { phase: typeof CLOSED; status: 'closed' };

/** Not started. */
const IDLE = 0;
export const CONNECTING = 1;
/** Connected, and not let in yet: who is denied is closed here. */
export const GREETING = 2;
export const OPEN = 3;
export const WAITING = 4;
export const CLOSING = 5;
export const CLOSED = 6;

/** `actions`: what is to be done about it, in order. */
export type Step = [state: State, actions?: Action[]];

/** Times are in milliseconds; `random` is in [0, 1). */
interface Moment {
  now: number;
  random: number;
  policy: ReconnectOptions;
}

/** What happens to a connection is one of the functions below, with what is known of it; `undefined`: it means nothing now. */
export type Event<A extends unknown[] = any[]> = (
  state: State,
  at: Moment,
  ...args: A
) => Step | undefined;

export type Happening<A extends unknown[] = any[]> = [event: Event<A>, ...args: A];

export const START: State = { phase: IDLE, status: 'connecting' };

const END: State = { phase: CLOSED, status: 'closed' };

export function step<A extends unknown[]>(
  state: State,
  [event, ...args]: Happening<A>,
  now: number,
  random: number,
  policy: ReconnectOptions,
): Step {
  return event(state, { now, random, policy }, ...args) ?? [state];
}

/** When the machine wants its next `tick`. Infinite while the page is in the back/forward cache. */
export function deadline(state: State): number | undefined {
  return (state as { until?: number }).until;
}

/** Whether something may still open it, without being asked to. */
export const mayOpen = (state: State): boolean =>
  state.phase < CLOSING && (state.phase !== WAITING || state.until !== undefined);

/**
 * A code from 1000 to 1999 other than 1000 means: try again; from 4000 to 4999: do not, unless it is only that the
 * credentials have expired, and others can be had.
 */
export function shouldReconnect({ code }: CloseInfo, credentials?: Credentials): boolean {
  return code === 4401
    ? typeof credentials === 'function'
    : code !== 1000 && (code < 4000 || code > 4999);
}

export const start: Event<[]> = (state, at) => {
  if (state.phase === IDLE) return connect(at.now, 'connecting');
  if (state.status === 'closed') return wake(state, at);
};

export const close: Event<[code: number, reason: string]> = (state, { now }, code, reason) => {
  if (state.phase === GREETING || state.phase === OPEN) {
    return [
      { phase: CLOSING, status: 'closing', until: now + CLOSE_TIMEOUT },
      [[actions.CLOSE, code, reason]],
    ];
  }
  if (!goesOn(state)) return;
  // Once its retries are spent, it has been told of its end.
  const isTold = state.phase === WAITING && state.status === 'closed';
  return [END, isTold ? [] : [[actions.DROP], [actions.CLOSED, unclean(code, reason)]]];
};

/** The handshake is done. */
export const connected: Event<[]> = (state, { now }) => {
  if (state.phase !== CONNECTING) return;
  const until = now + GREETING_TIMEOUT;
  return [{ ...state, phase: GREETING, since: now, owed: 0, until }];
};

/** The server has said its first frame, or has none to say; a v1 server says in it how often it wants a ping. */
export const greeted: Event<[heartbeat?: unknown]> = (state, { now }, wanted) => {
  const isNew = state.phase === GREETING;
  if (!isNew && state.phase !== OPEN) return;
  const { tries } = state;
  const open: Open = isNew
    ? { phase: OPEN, status: 'open', tries, since: now, owed: 0, unanswered: 0 }
    : state;
  const opened: Action[] = isNew ? [[actions.OPENED]] : [];
  if (typeof wanted !== 'number' || !(wanted > 0)) return [open, opened];
  const interval = Math.max(wanted, MIN_HEARTBEAT);
  return [{ ...open, interval, until: now + interval }, opened];
};

export const pong: Event<[]> = (state, { now }) => {
  if (state.phase !== OPEN) return;
  const alive: Open = { ...state, unanswered: 0, owed: Math.max(0, state.owed - 1) };
  // Those that were owed before the page woke may have lain in its buffers ever since.
  if (state.owed === 1) alive.until = now + state.interval!;
  // Where several are unanswered, nothing says which of them this is the answer to.
  if (state.unanswered === 1) alive.roundTrip = now - state.pinged!;
  return [alive];
};

/**
 * The socket is gone. `again`: what `shouldReconnect` says. `offline`: what the browser says. `heard`: whether
 * the server has said something after its greeting.
 */
export const lost: Event<[info: CloseInfo, again: boolean, offline: boolean, heard?: boolean]> = (
  state,
  { now, random, policy },
  info,
  again,
  offline,
  heard,
) => {
  const closed: Action[] = [[actions.CLOSED, info]];
  if (state.phase === CLOSING) return [END, closed];
  if (!isLive(state)) return;
  if (!again) return [END, closed];
  // A server that lets in and then drops must not be retried as often for ever, so opening alone does not count.
  const hasLasted = state.phase === OPEN && (heard || now - state.since >= LASTING);
  const before = hasLasted ? AFRESH : state.tries;
  const named = retryAfter(info);
  if (named !== undefined) {
    return [{ phase: WAITING, status: 'reconnecting', tries: before, until: now + named }, closed];
  }
  const { maxRetries = 5, keepTrying = true } = policy;
  const tries: Tries = { spent: before.spent + +!offline, grown: before.grown + 1 };
  if (state.status === 'closed' || tries.spent > maxRetries) {
    const until = keepTrying ? now + delay(policy, undefined, random) : undefined;
    return [{ phase: WAITING, status: 'closed', tries: before, until }, closed];
  }
  const until = now + (state.owed ? 0 : delay(policy, tries.grown, random));
  return [{ phase: WAITING, status: 'reconnecting', tries, until }, closed];
};

/** The page came online, was shown or became visible. */
export const wake: Event<[]> = (state, { now }) => {
  if (isLive(state)) {
    const woken = { ...state, tries: AFRESH };
    if (woken.phase !== OPEN) {
      if (woken.status === 'closed') woken.status = 'reconnecting';
      woken.owed = 1;
      woken.until = Math.min(woken.until, woken.since + WAKE_TIMEOUT);
      return [woken];
    }
    if (!woken.interval || woken.owed) return [woken];
    woken.owed = ++woken.unanswered;
    woken.until = now + WAKE_TIMEOUT;
    woken.pinged = now;
    return [woken, [[actions.SEND, PING]]];
  }
  if (goesOn(state)) return connect(now, 'reconnecting');
};

/**
 * The page goes into the back/forward cache, where a socket would die unheard, or keep it out. Nothing is told before it
 * is back, and no time counts meanwhile.
 */
export const sleep: Event<[]> = (state) => {
  if (isLive(state)) {
    return [{ ...state, tries: AFRESH, until: Infinity }, [[actions.DROP, GIVEN_UP]]];
  }
};

/** `deadline(state)` has passed, or not: a timer may be early. */
export const tick: Event<[]> = (state, { now }) => {
  if (!(now >= deadline(state)!)) return;
  switch (state.phase) {
    case WAITING:
      return connect(now, state.status, state.tries);
    case OPEN: {
      const { interval, unanswered, owed } = state;
      if (owed || unanswered > 1)
        return [state, [[actions.ABANDON, givenUp('pings went unanswered')]]];
      const until = now + interval!;
      return [{ ...state, until, pinged: now, unanswered: unanswered + 1 }, [[actions.SEND, PING]]];
    }
    default:
      return [state, [[actions.ABANDON, givenUp(state.status + ' took too long')]]];
  }
};

const AFRESH: Tries = { spent: 0, grown: 0 };

function connect(now: number, status: Attempt['status'], tries = AFRESH): Step {
  const until = now + CONNECT_TIMEOUT;
  return [{ phase: CONNECTING, status, tries, since: now, owed: 0, until }, [[actions.CONNECT]]];
}

const isLive = (state: State): state is Extract<State, Live> =>
  (state as Partial<Live>).since !== undefined;

const goesOn = (state: State): state is Extract<State, Trying> =>
  !!(state as Partial<Trying>).tries;

/**
 * From `minDelay` to what `growth` has made of it: when a server dies, its clients must not come back together,
 * and not at once. After the last retry, when nothing grows any more: `maxDelay`, spread by half of it to both sides.
 */
function delay(
  { minDelay = 250, maxDelay = 30_000, growth = 2 }: ReconnectOptions,
  grown: number | undefined,
  random: number,
): number {
  if (grown === undefined) return Math.max(minDelay, maxDelay * (0.5 + random));
  // 0 times infinity is no number.
  const most = Math.min(maxDelay, minDelay * growth ** grown || 0);
  return minDelay + random * Math.max(0, most - minDelay);
}

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
