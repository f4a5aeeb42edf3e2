import type { Member, Room, RoomError } from 'roomful';
import type { CursorState, Said, Say } from '../rooms.gen.js';
import { Feed } from './feed.js';
import type { Point } from './glide.js';
import { keepIdentity, recallIdentity, type Identity } from './identity.js';
import { People } from './people.js';
import type { Means } from './pointer.js';
import { Value } from './value.js';

type Types = { incoming: Say; outgoing: Said; presence: CursorState };

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
  say(text: string, { send, status }: Pick<Room<Types>, 'send' | 'status'>): boolean {
    if (!text.trim()) return false;
    this.clear('line');
    const before = this.refusal.get();
    send({ text });
    // What is refused at once has been told to `refused` by now.
    const said = this.refusal.get() === before;
    if (said) this.feed.wait({ text, sent: status === 'open' });
    return said;
  }

  readonly opened = (): void => this.feed.opened();

  /** A line without an answer may have been heard or not: only its author can decide to say it again. */
  readonly lost = (): void => {
    const [text] = this.feed.lost();
    if (text === undefined) return;
    this.refusal.set({
      about: 'line',
      reason: 'The connection was lost. Nobody may have heard this.',
      text,
    });
  };

  heard(said: Said, from: Member<CursorState> | undefined, mine: boolean): void {
    const face = from?.state;
    this.feed.heard(said, face && { name: face.name, color: face.color }, mine);
  }

  /** `self` is this visitor as the server has it, which is how the others still see it. */
  refused(error: RoomError, self: Member<CursorState> | undefined): void {
    const reason = error.message;
    switch (error.code) {
      case 'bad_message':
      case 'handler_failed': {
        const text = this.feed.settle();
        return this.refusal.set({ about: 'line', reason, ...(text !== undefined && { text }) });
      }
      case 'bad_presence': {
        const { name, color } = self?.state ?? this.identity.get();
        this.identity.set({ name, color });
        return this.refusal.set({ about: 'name', reason });
      }
      default:
        return this.refusal.set({ about: 'other', reason });
    }
  }

  clear(about: Refusal['about']): void {
    if (this.refusal.get()?.about === about) this.refusal.set(undefined);
  }
}
