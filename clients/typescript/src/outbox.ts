import { RoomError } from './errors.js';
import { MAX_QUEUED_FRAMES, MAX_QUEUED_SIZE } from './limits.js';
import { encode, exceeds } from './wire.js';

interface Line {
  /** Sends now; false when the line is not open. */
  transmit(data: string): boolean;
  /** What has been sent and has not left yet. */
  buffered(): number;
}

/** What goes to the server: at once when the line is ready, else later, within bounds. */
export interface Outbox {
  send(message: unknown): void;
  setPresence(state: unknown): void;
  /** The line is ready, for frames up to the server's limit: the last presence, then all that waits. */
  flush(limits: unknown): void;
  /** The line is not ready any more. */
  pause(): void;
}

/** `onError` hears of what was accepted and turns out to be too large. */
export function createOutbox(line: Line, onError: (error: RoomError) => void): Outbox {
  let queue: string[] = [];
  let queued = 0;
  let presence: string | undefined;
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

  return {
    send(message) {
      const data = checked(encode('msg', { msg: message }));
      if (queued + line.buffered() + data.length > MAX_QUEUED_SIZE) throw full();
      if (isReady && line.transmit(data)) return;
      if (queue.length >= MAX_QUEUED_FRAMES) throw full();
      queue.push(data);
      queued += data.length;
    },

    setPresence(state) {
      presence = checked(encode('presence', { state }));
      if (!isReady) return;
      if (line.buffered() + presence.length > MAX_QUEUED_SIZE) throw full();
      line.transmit(presence);
    },

    flush(limits) {
      const frame = (limits as { frame?: unknown } | undefined)?.frame;
      if (typeof frame === 'number' && frame > 0) limit = frame;
      isReady = true;
      const waiting = queue;
      queue = [];
      queued = 0;
      // Dropped for good, because to send it again at every reconnect would be to be closed every time.
      if (presence !== undefined && !fits(presence)) presence = undefined;
      if (presence !== undefined) line.transmit(presence);
      for (const data of waiting) if (fits(data) && !line.transmit(data)) queue.push(data);
    },

    pause() {
      isReady = false;
    },
  };
}

export const full = (): RoomError => new RoomError('queue_full', 'too much waits to be sent');
