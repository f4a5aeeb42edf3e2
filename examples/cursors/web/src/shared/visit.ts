import { RoomError, type Member, type RoomStatus } from 'roomful';
import type { CursorState, Said, Say } from '../rooms.gen.js';
import { Feed, type Entry } from './feed.js';
import type { Point } from './glide.js';
import { keepIdentity, recallIdentity, watchIdentity, type Identity } from './identity.js';
import { People } from './people.js';
import type { Means } from './pointer.js';
import { Value } from './value.js';

/** What it takes of a room to say something there. */
interface Sending {
  readonly send: { acked(message: Say): Promise<void> };
  readonly status: RoomStatus;
}

/** Something that was not taken, and the words that it was about. */
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
      watchIdentity(this.identity.set),
    ];
    return () => stops.forEach((stop) => stop());
  }

  /** The server shows this of the visitor. Only a name that it takes is one for this person's other tabs. */
  readonly shown = ({ name, color }: CursorState): void => {
    const own = this.identity.get();
    if (own.name === name && own.color === color) keepIdentity(own);
  };

  /** Sends what was written. False when there was nothing to say. */
  say(text: string, { send, status }: Sending): boolean {
    if (!text.trim()) return false;
    this.clear('line');
    const line = this.feed.wait(text, status === 'open');
    send.acked({ text }).then(
      () => this.#handled(line),
      (error: unknown) => this.#failed(line, error),
    );
    return true;
  }

  /** Says once more what may not have been heard. */
  sayAgain({ id, text }: Entry, room: Sending): void {
    this.feed.forget(id);
    this.say(text, room);
  }

  heard(
    said: Said,
    from: Member<CursorState> | undefined,
    self: Member<CursorState> | undefined,
  ): void {
    const face = from?.state;
    const answers = from !== undefined && from.id === self?.id;
    const mine = answers || (from?.user !== undefined && from.user === self?.user);
    this.feed.heard(said, face && { name: face.name, color: face.color }, mine, answers);
  }

  /** The server's repetition came before this, unless it was missed. */
  #handled(line: number): void {
    if (!this.feed.waiting.get().find(({ id }) => id === line)?.missed) return;
    const { text } = this.feed.settle(line)!;
    this.feed.heard({ text, at: Date.now() }, this.identity.get(), true, false);
  }

  #failed(line: number, error: unknown): void {
    if (error instanceof RoomError && error.code === 'lost') return this.feed.lost(line);
    const text = this.feed.settle(line)?.text;
    const reason = error instanceof Error ? error.message : String(error);
    this.refusal.set({ about: 'line', reason, ...(text !== undefined && { text }) });
  }

  /** `self` is this visitor as the server has it, which is how the others still see it. */
  refused(error: RoomError, self: Member<CursorState> | undefined): void {
    const reason = error.message;
    if (error.code !== 'bad_presence') return this.refusal.set({ about: 'other', reason });
    const { name, color } = self?.state ?? this.identity.get();
    this.identity.set({ name, color });
    this.refusal.set({ about: 'name', reason });
  }

  clear(about: Refusal['about']): void {
    if (this.refusal.get()?.about === about) this.refusal.set(undefined);
  }
}
