import { RoomError } from './errors.js';
import { MAX_QUEUED_FRAMES, MAX_QUEUED_SIZE } from './limits.js';
import { encodeMessage, encodePresence, exceeds } from './wire.js';

interface Line {
  /** Sends now; false when the line is not open. */
  transmit(data: string): boolean;
  /** What has been sent and has not left yet. */
  readonly buffered: number;
}

/** What goes to the server: at once when the line is ready, else later, within bounds. */
export class Outbox {
  #queue: string[] = [];
  #queued = 0;
  #presence: string | undefined;
  #limit = Infinity;
  #ready = false;

  constructor(private readonly line: Line) {}

  /** The server's frame limit, in bytes; remembered over reconnects. */
  set limit(limits: unknown) {
    const frame = (limits as { frame?: unknown } | undefined)?.frame;
    if (typeof frame === 'number' && frame > 0) this.#limit = frame;
  }

  send(message: unknown): void {
    const data = this.#checked(encodeMessage(message));
    if (this.#queued + this.line.buffered + data.length > MAX_QUEUED_SIZE) throw full();
    if (this.#ready && this.line.transmit(data)) return;
    if (this.#queue.length >= MAX_QUEUED_FRAMES) throw full();
    this.#queue.push(data);
    this.#queued += data.length;
  }

  setPresence(state: unknown): void {
    this.#presence = this.#checked(encodePresence(state));
    if (!this.#ready) return;
    if (this.line.buffered + this.#presence.length > MAX_QUEUED_SIZE) throw full();
    this.line.transmit(this.#presence);
  }

  /** The line is ready: the last presence, then all that waits, in order. */
  flush(onError: (error: RoomError) => void): void {
    this.#ready = true;
    const queue = this.#queue;
    this.#queue = [];
    this.#queued = 0;
    // Dropped for good, because to send it again at every reconnect would be to be closed every time.
    if (this.#presence !== undefined && exceeds(this.#presence, this.#limit)) {
      this.#presence = undefined;
      onError(tooLarge(this.#limit));
    }
    if (this.#presence !== undefined) this.line.transmit(this.#presence);
    for (const data of queue) {
      if (exceeds(data, this.#limit)) onError(tooLarge(this.#limit));
      else if (!this.line.transmit(data)) this.#queue.push(data);
    }
  }

  pause(): void {
    this.#ready = false;
  }

  #checked(data: string): string {
    if (exceeds(data, this.#limit)) throw tooLarge(this.#limit);
    return data;
  }
}

const tooLarge = (limit: number) =>
  new RoomError('too_large', `the server takes frames of up to ${limit} bytes: send less at once`);

export const full = () =>
  new RoomError('queue_full', 'too much waits to be sent: send less often, or only while open');
