import type { Member, RoomError, RoomStatus } from 'roomful';
import type { CursorState, Said, Say } from '../rooms.gen.js';
import { Feed } from './feed.js';
import type { Point } from './glide.js';
import { keepIdentity, recallIdentity, type Identity } from './identity.js';
import { People } from './people.js';
import type { Means } from './pointer.js';
import { Value } from './value.js';

/** What it takes of a room to say something there. */
interface Sending {
  send(message: Say): void;
  readonly status: RoomStatus;
}

/** Something that the server would not take, and the words that it was about. */
export interface Refusal {
  readonly about: 'name' | 'line' | 'other';
  readonly reason: string;
  readonly text?: string;
}

/** All that this page knows of one board beyond the room itself. No framework in it: both views show this. */
export class Visit {
  readonly identity: Value<Identity>;
  readonly point: Value<Point>;
  readonly means = new Value<Means>('mouse');
  readonly refusal = new Value<Refusal | undefined>(undefined);
  readonly feed = new Feed();
  readonly people = new People(this.feed.notice);
  #hasSession = false;

  constructor(identity = recallIdentity(), random = Math.random) {
    this.identity = new Value(identity);
    // Not all in one place, or each newcomer would hide the one before.
    this.point = new Value({ x: 0.4 + random() * 0.3, y: 0.4 + random() * 0.3 });
  }

  get presence(): CursorState {
    return { ...this.point.get(), ...this.identity.get() };
  }

  readonly move = (to: Point, by: Means): void => {
    this.means.set(by);
    this.point.set(to);
  };

  /** An empty name is no wish to be called nothing. */
  rename(name: string): void {
    if (name.trim()) this.identity.set({ ...this.identity.get(), name: name.trim() });
    this.clear('name');
  }

  /** Shows the others every change of this visitor: the room paces them. Returns how to stop. */
  show(setPresence: (state: CursorState) => void): () => void {
    const show = () => setPresence(this.presence);
    const stops = [
      this.point.subscribe(show),
      this.identity.subscribe(show),
      this.identity.subscribe(() => keepIdentity(this.identity.get())),
    ];
    return () => stops.forEach((stop) => stop());
  }

  /** Sends what was written. False when there was nothing to say, or no way to say it. */
  say(text: string, { send, status }: Sending): boolean {
    if (!text.trim()) return false;
    this.clear('line');
    const before = this.refusal.get();
    send({ text });
    // What is refused at once has been told to `refused` by now.
    const said = this.refusal.get() === before;
    if (said) this.feed.wait({ text, sent: status === 'open' });
    return said;
  }

  /**
   * A server that has sessions says in the same moment what it makes of the connection before, and of a line that it
   * knows nothing of that it is lost. One that has none says nothing of either.
   */
  readonly opened = (): void => {
    const before = this.feed.opened();
    this.#hasSession = false;
    queueMicrotask(() => {
      for (let lines = before; lines > 0 && !this.#hasSession; lines--) this.#lose();
    });
  };

  readonly resumed = (): void => void (this.#hasSession = true);

  readonly missed = (): void => {
    this.#hasSession = true;
    this.feed.notice('Something was said that did not reach you');
  };

  heard(said: Said, from: Member<CursorState> | undefined, mine: boolean): void {
    const face = from?.state;
    this.feed.heard(said, face && { name: face.name, color: face.color }, mine);
  }

  /** `self` is this visitor as the server has it, which is how the others still see it. */
  refused(error: RoomError, self: Member<CursorState> | undefined): void {
    const reason = error.message;
    switch (error.code) {
      case 'lost':
        return this.#lose();
      case 'bad_message':
      case 'handler_failed':
        return this.#refuseLine(reason);
      case 'bad_presence': {
        const { name, color } = self?.state ?? this.identity.get();
        this.identity.set({ name, color });
        return this.refusal.set({ about: 'name', reason });
      }
      default:
        return this.refusal.set({ about: 'other', reason });
    }
  }

  /** It may have been heard or not: only its author can decide to say it again. */
  #lose(): void {
    this.#refuseLine('The connection was lost. Nobody may have heard this.');
  }

  /** The oldest line that waits for its answer comes back to its author. */
  #refuseLine(reason: string): void {
    const text = this.feed.settle();
    this.refusal.set({ about: 'line', reason, ...(text !== undefined && { text }) });
  }

  clear(about: Refusal['about']): void {
    if (this.refusal.get()?.about === about) this.refusal.set(undefined);
  }
}
