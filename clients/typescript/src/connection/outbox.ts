import { RoomError } from '../errors.js';
import {
  FULL_PAUSE,
  MAX_OUT,
  MAX_QUEUED_FRAMES,
  MAX_QUEUED_SIZE,
  PRESENCE_RATE,
} from '../limits.js';
import type { Environment } from './environment.js';
import { exceeds, withId, type Frame } from './wire.js';

interface Line {
  /** Sends now; false when the line is not open. */
  transmit(data: string): boolean;
  /** What has been sent and has not left yet. */
  buffered(): number;
}

/** Hears what became of a message: that it was handled, or the error. */
export type Settle = (error?: RoomError) => void;

/** What this client said. */
export interface Said {
  /** Once it was sent to a server that answers: as it was sent, with its id. */
  data: string;
  id?: number;
  settle?: Settle | undefined;
  isState?: boolean;
}

/** What goes to the server: at once when the line is ready, else later, within bounds. */
export interface Outbox {
  /** What `pin` was given last. */
  readonly pinned: string | undefined;
  /** @throws RoomError `too_large` over the server's frame limit; `queue_full`. */
  send(data: string, settle?: Settle): void;
  /**
   * What the server has to hear at every opening, before all else, unless it remembers it: only the last one counts. It
   * goes out at a rate, and when what was sent before has left. `isFirst`: what there is to begin with, which takes the
   * place of nothing.
   *
   * @throws RoomError `too_large`.
   */
  pin(data: string | undefined, isFirst?: boolean): void;
  /**
   * The line is ready. `greeting`: a v1 server's. `acked`: what it has received of what was said here before; absent where
   * it is not known, as in another session.
   */
  resume(greeting: Frame | false | undefined, acked: number | undefined): void;
  /** The server has handled everything up to `id`; or `error` became of what has this id, or of nothing that has one. */
  answered(id: number | undefined, error?: RoomError): void;
  /** The line is not ready any more. */
  pause(): void;
  /** It never will be again. `isTold`: of what was said without waiting for an answer, too. */
  end(isTold?: boolean): void;
}

/** `rate`: how often a second what is pinned is sent. `onError` hears of what was accepted and did not get there. */
export function createOutbox(
  line: Line,
  rate: number | undefined,
  { now, timer }: Environment,
  onError: (error: RoomError) => void,
): Outbox {
  const interval = 1000 / (rate! > 0 ? rate! : PRESENCE_RATE);
  /** Sent to a server that answers, and not answered. */
  let out: Said[] = [];
  /** Not sent yet. */
  let queue: Said[] = [];
  let pinned: string | undefined;
  /** Whether what is pinned is still to be sent. */
  let isDue = false;
  /** When it may be sent next. */
  let next = 0;
  const later = timer();
  /** In bytes; unknown until the server names it, and remembered over reconnects. */
  let limit = Infinity;
  let isReady = false;
  let answers = false;
  /** Whether the server remembers what it has received. */
  let remembers = false;
  let lastId = 0;
  /** The id of what was pinned last and sent. */
  let lastState = 0;

  /** As it goes over the line. @throws RoomError */
  function written(said: Said): Said {
    const { data, settle } = said;
    const id = lastId + 1;
    const sent = remembers || (answers && settle) ? { ...said, id, data: withId(data, id) } : said;
    if (exceeds(sent.data, limit)) {
      throw new RoomError('too_large', `over ${limit} bytes`);
    }
    return sent;
  }

  /** False when the line is not open. What turns out to be too large is dropped: at every opening it would end the connection. */
  function put(said: Said): boolean {
    try {
      const sent = written(said);
      if (!line.transmit(sent.data)) return false;
      if (sent.id) {
        lastId = sent.id;
        if (sent.isState) lastState = lastId;
        out.push(sent);
      } else sent.settle?.(lost());
    } catch (error) {
      if (said.isState) pinned = undefined;
      (said.settle ?? onError)(error as RoomError);
    }
    return true;
  }

  function pump(): void {
    while (isReady && queue[0] && out.length < MAX_OUT && put(queue[0])) queue.shift();
  }

  const isOver = (size: number): boolean =>
    sizeOf(queue) + Math.max(sizeOf(out), line.buffered()) + size > MAX_QUEUED_SIZE;

  /** Sends what is pinned, as soon as it may go or `atOnce`. */
  function flush(atOnce?: boolean): void {
    later();
    const wait = isOver(pinned!.length) ? FULL_PAUSE : next - now();
    if (wait > 0 && !atOnce) later(wait, flush);
    else {
      next = now() + interval;
      isDue = !put({ data: pinned!, isState: true });
    }
  }

  /** Nobody knows whether they were handled. */
  function lose(isTold?: boolean): void {
    for (const said of out.splice(0)) {
      if (said.settle || (isTold && !said.isState)) (said.settle ?? onError)(lost());
    }
  }

  return {
    get pinned() {
      return pinned;
    },

    send(data, settle) {
      const said = { data, settle };
      written(said);
      if (isOver(data.length) || queue.length >= MAX_QUEUED_FRAMES) throw full();
      // It was set before this is said, and so it is sent before.
      if (isDue && isReady) flush(true);
      queue.push(said);
      pump();
    },

    pin(data, isFirst) {
      if (!data || (isFirst && pinned)) return;
      written({ data });
      pinned = data;
      isDue = true;
      if (isReady) flush();
    },

    resume(greeting, acked) {
      const { limits, session } = greeting || ({} as Partial<Frame>);
      if (limits?.frame! > 0) limit = limits!.frame!;
      isReady = true;
      answers = !!greeting;
      remembers = !!session;
      if (acked === undefined) {
        lose(true);
        isDue = !!pinned;
      }
      for (const { id, isState, data } of out) {
        if (id! > acked! && (!isState || id === lastState)) line.transmit(data);
      }
      if (isDue) flush(true);
      pump();
    },

    answered(id, error) {
      const isMeant = (said: Said) => (error ? said.id === id : said.id! <= id!);
      const meant = out.filter(isMeant);
      // A server that remembers tells it again after a resume.
      if (error && !meant[0] && !(remembers && id)) onError(error);
      out = out.filter((said) => !isMeant(said));
      for (const said of meant) {
        if (error) (said.settle ?? onError)(error);
        else said.settle?.();
      }
      pump();
    },

    pause() {
      isReady = false;
      later();
    },

    end(isTold) {
      lose(isTold);
      for (const { settle } of queue.splice(0)) settle?.(closed());
    },
  };
}

/** In UTF-16 units. */
export const sizeOf = (list: Said[]): number =>
  list.reduce((sum, { data }) => sum + data.length, 0);

const lost = (): RoomError => new RoomError('lost', 'perhaps not handled');

export const closed = (): RoomError => new RoomError('closed', 'closed for good');

export const full = (): RoomError => new RoomError('queue_full', 'too much waits');
