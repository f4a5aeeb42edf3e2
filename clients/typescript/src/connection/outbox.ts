import { RoomError } from '../errors.js';
import {
  FULL_PAUSE,
  MAX_QUEUED_FRAMES,
  MAX_QUEUED_SIZE,
  MIN_PRESENCE_RATE,
  PRESENCE_RATE,
} from '../limits.js';
import type { Environment } from './environment.js';
import { exceeds } from './wire.js';

interface Line {
  /** Sends now; false when the line is not open. */
  transmit(data: string): boolean;
  /** What has been sent and has not left yet. */
  buffered(): number;
}

/** What goes to the server: at once when the line is ready, else later, within bounds. */
export interface Outbox {
  /** What `pin` was given last. */
  readonly pinned: string | undefined;
  /** @throws RoomError `too_large` over the server's frame limit; `queue_full`. */
  send(data: string): void;
  /**
   * What the server has to hear at every opening, before all else: only the last one counts. It goes out at a rate,
   * and when what was sent before has left. `isFirst`: what there is to begin with, which takes the place of nothing.
   *
   * @throws RoomError `too_large`.
   */
  pin(data: string | undefined, isFirst?: boolean): void;
  /** The line is ready, for frames up to the server's limit. */
  resume(limits: unknown): void;
  /** The line is not ready any more. */
  pause(): void;
}

/** `rate`: how often a second what is pinned is sent. `onError` hears of what was accepted and turns out to be too large. */
export function createOutbox(
  line: Line,
  rate: number | undefined,
  { now, setTimer, clearTimer }: Environment,
  onError: (error: RoomError) => void,
): Outbox {
  const interval = 1000 / (rate! > MIN_PRESENCE_RATE ? rate! : PRESENCE_RATE);
  const queue: string[] = [];
  let pinned: string | undefined;
  /** When what is pinned may be sent next. */
  let next = 0;
  /** Whether what is pinned waits for its time. */
  let isHeld = false;
  let timer: unknown;
  /** In bytes; unknown until the server names it, and remembered over reconnects. */
  let limit = Infinity;
  let isReady = false;

  /** Whether it may go, as far as the limit is known; `refuse` hears why not. */
  function fits(data: string, refuse: (error: RoomError) => void): boolean {
    const isOver = exceeds(data, limit);
    if (isOver) refuse(new RoomError('too_large', `over the limit of ${limit} bytes`));
    return !isOver;
  }

  /** Sends what waits, for as long as the line takes it. */
  function pump(): void {
    while (isReady && queue[0]) {
      const data = queue.shift()!;
      if (fits(data, onError) && !line.transmit(data)) return void queue.unshift(data);
    }
  }

  const isOver = (size: number): boolean =>
    queue.reduce((sum, { length }) => sum + length, line.buffered() + size) > MAX_QUEUED_SIZE;

  /** Sends what is pinned, as soon as it may go or `atOnce`. */
  function flush(atOnce?: boolean): void {
    clearTimer(timer);
    const wait = isOver(pinned!.length) ? FULL_PAUSE : next - now();
    isHeld = wait > 0 && !atOnce;
    if (isHeld) timer = setTimer(flush, wait);
    else {
      next = now() + interval;
      line.transmit(pinned!);
    }
  }

  return {
    get pinned() {
      return pinned;
    },

    send(data) {
      fits(data, raise);
      if (isOver(data.length) || queue.length >= MAX_QUEUED_FRAMES) throw full();
      // It was set before this is said, and so it is sent before.
      if (isHeld) flush(true);
      queue.push(data);
      pump();
    },

    pin(data, isFirst) {
      if (!data || (isFirst && pinned)) return;
      fits(data, raise);
      pinned = data;
      if (isReady) flush();
    },

    resume(limits) {
      const { frame } = (limits ?? {}) as { frame?: number };
      if (frame! > 0) limit = frame!;
      isReady = true;
      // Dropped for good, because to send it again at every reconnect would be to be closed every time.
      if (pinned && fits(pinned, onError)) flush(true);
      else pinned = undefined;
      pump();
    },

    pause() {
      isReady = isHeld = false;
      clearTimer(timer);
    },
  };
}

const raise = (error: RoomError): never => {
  throw error;
};

export const full = (): RoomError => new RoomError('queue_full', 'too much waits');
