/**
 * The connection as a state machine: what happened goes in, what to do comes out. It has no socket, timer,
 * clock or randomness of its own; `driver.ts` has.
 */
import {
  CLOSE_TIMEOUT,
  CONNECT_TIMEOUT,
  GREETING_TIMEOUT,
  LASTING,
  MAX_RETRY_AFTER,
  MIN_HEARTBEAT,
  WAKE_TIMEOUT,
} from '../limits.js';
import type { CloseInfo, ConnectionStatus, Credentials, ReconnectOptions } from './types.js';
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

/** An attempt. `status`: the public one meanwhile. `until`: when it is given up. */
interface Attempt extends Live {
  status: 'connecting' | 'reconnecting' | 'closed';
  until: number;
}

/**
 * `heartbeat` and `until`, the next ping or when it is given up, are absent on a plain connection. `pinged`: when the
 * last ping was sent; `roundTrip`: what an answer took.
 */
interface Open extends Live {
  phase: 'open';
  heartbeat?: number;
  until?: number;
  unanswered: number;
  pinged?: number;
  roundTrip?: number;
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
  /** `maxRetries` are spent. `until`: the next attempt all the same, where there is to be one. */
  | ({ phase: 'exhausted'; until: number | undefined } & Trying);

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

export type Action = Named<Actions>;
export type Step = [state: State, actions: Action[]];

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

const CLOSED: State = { phase: 'closed' };

export function step<A extends unknown[]>(
  state: State,
  [event, ...args]: Happening<A>,
  now: number,
  random: number,
  policy: ReconnectOptions,
): Step {
  return event(state, { now, random, policy }, ...args) ?? [state, []];
}

/** When the machine wants its next `tick`. */
export function deadline(state: State): number | undefined {
  return (state as { until?: number }).until;
}

export function statusOf(state: State): ConnectionStatus {
  if ('status' in state) return state.status;
  const { phase } = state;
  if (phase === 'idle') return 'connecting';
  if (phase === 'waiting') return 'reconnecting';
  return phase === 'exhausted' ? 'closed' : phase;
}

/** Whether something may still open it, without being asked to. */
export function mayOpen(state: State): boolean {
  const { phase } = state;
  return !/^clos/.test(phase) && (phase !== 'exhausted' || state.until !== undefined);
}

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
  if (state.phase === 'idle') return connect(at.now, 'connecting');
  if (statusOf(state) === 'closed') return wake(state, at);
};

export const close: Event<[code: number, reason: string]> = (state, { now }, code, reason) => {
  if (state.phase === 'greeting' || state.phase === 'open') {
    return [{ phase: 'closing', until: now + CLOSE_TIMEOUT }, [['close', code, reason]]];
  }
  if (state.phase === 'exhausted') return [CLOSED, []];
  if (goesOn(state)) {
    return [CLOSED, [['drop'], ['closed', { code, reason, wasClean: false }]]];
  }
};

/** The handshake is done. */
export const connected: Event<[]> = (state, { now }) => {
  if (state.phase !== 'connecting') return;
  const until = now + GREETING_TIMEOUT;
  return [{ ...state, phase: 'greeting', since: now, owed: 0, until }, []];
};

/** The server has said its first frame, or has none to say; a v1 server says in it how often it wants a ping. */
export const greeted: Event<[heartbeat?: unknown]> = (state, { now }, wanted) => {
  const isNew = state.phase === 'greeting';
  if (!isNew && state.phase !== 'open') return;
  const { tries } = state;
  const open: Open = isNew ? { phase: 'open', tries, since: now, owed: 0, unanswered: 0 } : state;
  const opened: Action[] = isNew ? [['opened']] : [];
  if (typeof wanted !== 'number' || !(wanted > 0)) return [open, opened];
  const heartbeat = Math.max(wanted, MIN_HEARTBEAT);
  return [{ ...open, heartbeat, until: now + heartbeat }, opened];
};

/** The server has said something after its greeting. */
export const exchanged: Event<[]> = (state) => {
  if (state.phase === 'open') return [{ ...state, tries: AFRESH }, []];
};

export const pong: Event<[]> = (state, { now }) => {
  if (state.phase !== 'open') return;
  const alive: Open = { ...state, unanswered: 0, owed: Math.max(0, state.owed - 1) };
  // Those that were owed before the page woke may have lain in its buffers ever since.
  if (state.owed === 1) alive.until = now + state.heartbeat!;
  // Where several are unanswered, nothing says which of them this is the answer to.
  if (state.unanswered === 1) alive.roundTrip = now - state.pinged!;
  return [alive, []];
};

/** The socket is gone. `again`: what `shouldReconnect` says. `offline`: what the browser says. */
export const lost: Event<[info: CloseInfo, again: boolean, offline: boolean]> = (
  state,
  { now, random, policy },
  info,
  again,
  offline,
) => {
  const closed: Action[] = [['closed', info]];
  if (state.phase === 'closing') return [CLOSED, closed];
  if (!isLive(state)) return;
  if (!again) return [CLOSED, closed];
  // A server that lets in and then drops must not be retried as often for ever, so opening alone does not count.
  const hasLasted = state.phase === 'open' && now - state.since >= LASTING;
  const before = hasLasted ? AFRESH : state.tries;
  const named = retryAfter(info);
  if (named !== undefined) {
    return [{ phase: 'waiting', tries: before, until: now + named }, closed];
  }
  const { maxRetries = 5, keepTrying = true } = policy;
  const tries: Tries = { spent: before.spent + +!offline, grown: before.grown + 1 };
  if (statusOf(state) === 'closed' || tries.spent > maxRetries) {
    const until = keepTrying ? now + delay(policy, undefined, random) : undefined;
    return [{ phase: 'exhausted', tries: before, until }, closed];
  }
  const until = now + (state.owed ? 0 : delay(policy, tries.grown, random));
  return [{ phase: 'waiting', tries, until }, closed];
};

/** The page came online, was shown or became visible. */
export const wake: Event<[]> = (state, { now }) => {
  if (isLive(state)) {
    const woken = { ...state, tries: AFRESH };
    if (woken.phase !== 'open') {
      if (woken.status === 'closed') woken.status = 'reconnecting';
      woken.owed = 1;
      woken.until = Math.min(woken.until, woken.since + WAKE_TIMEOUT);
      return [woken, []];
    }
    if (!woken.heartbeat || woken.owed) return [woken, []];
    woken.owed = ++woken.unanswered;
    woken.until = now + WAKE_TIMEOUT;
    woken.pinged = now;
    return [woken, [['send', PING]]];
  }
  if (goesOn(state)) return connect(now, 'reconnecting');
};

/** `deadline(state)` has passed, or not: a timer may be early. */
export const tick: Event<[]> = (state, { now }) => {
  if (!(now >= deadline(state)!)) return;
  switch (state.phase) {
    case 'waiting':
      return connect(now, 'reconnecting', state.tries);
    case 'exhausted':
      return connect(now, 'closed', state.tries);
    case 'open': {
      const { heartbeat, unanswered, owed } = state;
      if (owed || unanswered > 1) return [state, [['abandon', givenUp('pings went unanswered')]]];
      const until = now + heartbeat!;
      return [{ ...state, until, pinged: now, unanswered: unanswered + 1 }, [['send', PING]]];
    }
    default:
      return [state, [['abandon', givenUp(state.phase + ' took too long')]]];
  }
};

const AFRESH: Tries = { spent: 0, grown: 0 };

function connect(now: number, status: Attempt['status'], tries = AFRESH): Step {
  const until = now + CONNECT_TIMEOUT;
  return [{ phase: 'connecting', status, tries, since: now, owed: 0, until }, [['connect']]];
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
function retryAfter({ code, reason }: CloseInfo): number | undefined {
  const ms = code === 1012 && /\bretry=(\d+)/.exec(reason)?.[1];
  return ms ? Math.min(+ms, MAX_RETRY_AFTER) : undefined;
}

/** 1006 is what a browser reports for a connection that ended without a close frame. */
export const givenUp = (reason: string): CloseInfo => ({ code: 1006, reason, wasClean: false });
