import type { MemberBinding } from 'roomful';
import type { CursorState } from '../rooms.gen.js';
import { faceOf } from './face.js';
import type { Identity } from './identity.js';
import { seconds } from './text.js';
import { Value } from './value.js';

/** A row of the roster. It outlives its member for as long as it takes to be seen going. */
export interface Row {
  /** The same over a reconnect, after which one's own id is another. */
  readonly key: string;
  readonly id: string;
  readonly mine: boolean;
  readonly leaving: boolean;
  /** Of a member who has left: how it was last seen. */
  readonly face?: Identity;
}

interface Watched {
  /** Was not here when this page came. */
  readonly fresh: boolean;
  readonly stop: () => void;
  face: Identity | undefined;
  /** When it lost its connection. */
  awaySince: number | undefined;
}

const MINE = 'mine';

/** The roster as it is shown, and what is told of who comes and goes. */
export class People {
  readonly rows = new Value<readonly Row[]>([]);
  readonly #watched = new Map<string, Watched>();

  /** `now`: in milliseconds. */
  constructor(
    private readonly tell: (notice: string) => void,
    private readonly now = Date.now,
  ) {}

  /** `self` is unknown until the first snapshot, and in a closed room: then nothing is known of the others either. */
  update(
    ids: readonly string[],
    self: string | undefined,
    member: (id: string) => MemberBinding<CursorState>,
  ): void {
    if (self === undefined) return;
    const first = this.rows.get().length === 0;
    const others = ids.filter((id) => id !== self);
    const gone = this.#forget(new Set(others));
    for (const id of others) {
      if (!this.#watched.has(id)) this.#watch(member(id), !first);
    }
    this.rows.set(nextRows(this.rows.get(), others, self, gone));
  }

  /** The row of a member who has left has been seen going. */
  readonly remove = (key: string): void => {
    this.rows.set(this.rows.get().filter((row) => !(row.leaving && row.key === key)));
  };

  readonly stop = (): void => {
    for (const { stop } of this.#watched.values()) stop();
    this.#watched.clear();
    this.rows.set([]);
  };

  /** A name comes a moment after its member, with the first state that it sets. */
  #watch(binding: MemberBinding<CursorState>, fresh: boolean): void {
    const face = faceOf(binding);
    const look = () => {
      const { state: seen, away } = face.get() ?? {};
      if (!seen) return;
      if (watched.fresh && !watched.face) this.tell(`${seen.name} joined`);
      watched.face = seen;
      const since = watched.awaySince;
      watched.awaySince = away && (since ?? this.now());
      if (since !== undefined && !away) {
        this.tell(`${seen.name} is back after ${seconds(this.now() - since)}`);
      }
    };
    const stop = face.subscribe(look);
    const watched: Watched = { fresh, stop, face: undefined, awaySince: undefined };
    this.#watched.set(binding.id, watched);
    look();
  }

  #forget(present: ReadonlySet<string>): ReadonlyMap<string, Identity | undefined> {
    const gone = new Map<string, Identity | undefined>();
    for (const [id, { face, stop }] of this.#watched) {
      if (present.has(id)) continue;
      stop();
      this.#watched.delete(id);
      gone.set(id, face);
      if (face) this.tell(`${face.name} left`);
    }
    return gone;
  }
}

/** One's own row first, then everybody in the order in which they came, with those who go still in their places. */
function nextRows(
  rows: readonly Row[],
  others: readonly string[],
  self: string,
  gone: ReadonlyMap<string, Identity | undefined>,
): Row[] {
  const mine: Row = { key: MINE, id: self, mine: true, leaving: false };
  const kept = rows
    .filter((row) => !row.mine)
    .map((row) => (gone.has(row.id) ? leave(row, gone.get(row.id)) : row));
  const shown = new Set(kept.map((row) => row.id));
  const come = others.filter((id) => !shown.has(id));
  return [mine, ...kept, ...come.map((id) => ({ key: id, id, mine: false, leaving: false }))];
}

function leave(row: Row, face: Identity | undefined): Row {
  return { ...row, leaving: true, ...(face && { face }) };
}
