import { RoomError } from '../errors.js';
import { MAX_QUEUED_FRAMES, MAX_QUEUED_SIZE } from '../limits.js';
import { exceeds } from './wire.js';

interface Line {
  /** Sends now; false when the line is not open. */
  transmit(data: string): boolean;
  /** What has been sent and has not left yet. */
  buffered(): number;
}

/**
 * What goes to the server: at once when the line is ready, else later, within bounds. All throw RoomError
 * `too_large` over the server's frame limit and `queue_full`.
 */
export interface Outbox {
  /** What `pin` was given last. */
  readonly pinned: string | undefined;
  send(data: string): void;
  /**
   * What the server has to hear at every opening, before all else: only the last one counts. `isFirst`: what
   * there is to begin with, which takes the place of nothing.
   */
  pin(data: string | undefined, isFirst?: boolean): void;
  /** The line is ready, for frames up to the server's limit. */
  resume(limits: unknown): void;
  /** The line is not ready any more. */
  pause(): void;
}

/** `onError` hears of what was accepted and turns out to be too large. */
export function createOutbox(line: Line, onError: (error: RoomError) => void): Outbox {
  let queue: string[] = [];
  let queued = 0;
  let pinned: string | undefined;
  /** In bytes; unknown until the server names it, and remembered over reconnects. */
  let limit = Infinity;
  let isReady = false;

  function checked(data: string): string {
    if (exceeds(data, limit)) {
      throw new RoomError('too_large', `over the server's frame limit of ${limit} bytes`);
    }
    return data;
  }

  /** Whether it may still go, now that the limit is known. */
  function fits(data: string): boolean {
    try {
      return !!checked(data);
    } catch (error) {
      onError(error as RoomError);
      return false;
    }
  }

  function keep(data: string): void {
    queue.push(data);
    queued += data.length;
  }

  return {
    get pinned() {
      return pinned;
    },

    send(data) {
      if (queued + line.buffered() + checked(data).length > MAX_QUEUED_SIZE) throw full();
      if (isReady && line.transmit(data)) return;
      if (queue.length >= MAX_QUEUED_FRAMES) throw full();
      keep(data);
    },

    pin(data, isFirst) {
      if (!data || (isFirst && pinned)) return;
      pinned = checked(data);
      if (!isReady) return;
      if (line.buffered() + data.length > MAX_QUEUED_SIZE) throw full();
      line.transmit(data);
    },

    resume(limits) {
      const frame = Number((limits as { frame?: unknown } | undefined)?.frame);
      if (frame > 0) limit = frame;
      isReady = true;
      const waiting = queue;
      queue = [];
      queued = 0;
      // Dropped for good, because to send it again at every reconnect would be to be closed every time.
      if (pinned && fits(pinned)) line.transmit(pinned);
      else pinned = undefined;
      for (const data of waiting) if (fits(data) && !line.transmit(data)) keep(data);
    },

    pause() {
      isReady = false;
    },
  };
}

export const full = (): RoomError => new RoomError('queue_full', 'too much waits to be sent');
