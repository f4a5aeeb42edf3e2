import { LOST_AFTER } from '../limits.js';
import { page, type Environment } from './environment.js';
import { CLOSE_INFO, ROUND_TRIP, STATUS } from './fields.js';
import { mayOpen } from './machine.js';
import { OPEN } from './phases.js';
import { sourceOf, type Source } from './source.js';
import type { Binding, CloseInfo, ConnectionInfo, ConnectionStatus } from './types.js';

/** A room or socket, of a hook, of `joinRoom` or of `openSocket`. */
export interface Connected {
  readonly status: ConnectionStatus;
}

/** What is not connected yet, or is not to be. */
export const OFFLINE: ConnectionInfo = {
  online: false,
  lostSince: undefined,
  roundTrip: undefined,
};

/**
 * What is known of the connection of a room or socket.
 *
 * ```ts
 * const connection = connectionOf(room);
 * connection.subscribe(() => show(connection.get().roundTrip));
 * ```
 */
export function connectionOf(connected: Connected): Binding<ConnectionInfo> {
  const source = sourceOf(connected);
  let known = OFFLINE;
  return {
    get() {
      const { online, lostSince, roundTrip } = infoOf(source);
      const isKnown =
        known.online === online && known.lostSince === lostSince && known.roundTrip === roundTrip;
      if (!isKnown) known = { online, lostSince, roundTrip };
      return known;
    },
    subscribe: (listener) => observe(source, listener),
  };
}

/**
 * Calls back once for each loss that has lasted 5 s and is not for good, with the last `closeInfo`: time for a banner.
 * Returns how to stop.
 */
export const onLost = (connected: Connected, callback: (info: CloseInfo) => void): (() => void) =>
  watchLoss(sourceOf(connected), callback, page);

export function watchLoss(
  source: Source,
  callback: (info: CloseInfo) => void,
  { now, timer }: Environment,
): () => void {
  const later = timer();
  /** Of the loss that was told of last. */
  let toldSince: number | undefined;

  function check(): void {
    later();
    const { lostSince } = infoOf(source);
    if (lostSince === undefined || lostSince === toldSince) return;
    later(Math.max(0, lostSince + LOST_AFTER - now()), () => tell(lostSince));
  }

  function tell(lostSince: number): void {
    if (infoOf(source).lostSince !== lostSince) return;
    toldSince = lostSince;
    source.attempt(() => callback(source.shared!.closeInfo!));
  }

  const stop = observe(source, check);
  check();
  return () => {
    stop();
    later();
  };
}

function infoOf({ shared }: Source): ConnectionInfo {
  const machine = shared?.driver.current();
  if (!shared || !machine || !mayOpen(machine)) return OFFLINE;
  const { lostSince } = shared;
  const online = machine.phase === OPEN;
  return { online, lostSince, roundTrip: online ? machine.roundTrip : undefined };
}

const observe = (source: Source, listener: () => void): (() => void) =>
  source.observe((fields) => {
    if (fields & (STATUS | CLOSE_INFO | ROUND_TRIP)) listener();
  });
