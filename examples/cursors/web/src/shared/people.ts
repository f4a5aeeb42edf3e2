import type { MemberBinding, User } from 'roomful';
import type { CursorState } from '../rooms.gen.js';
import { faceOf } from './face.js';
import type { Identity } from './identity.js';
import { seconds } from './text.js';
import { Value } from './value.js';

type MemberOf = (id: string) => MemberBinding<CursorState>;

/** Somebody on the board: in one tab, in several, or just gone and perhaps back in a moment. */
export interface Person {
  readonly key: string;
  readonly tabs: readonly string[];
  /** Whether no tab has a connection. Of who is no user only the member knows it. */
  readonly away?: boolean;
}

/** A row of the roster. It outlives its person for as long as it takes to be seen going. */
export interface Row {
  /** The same over a reconnect, and whichever tabs come and go. */
  readonly key: string;
  /** The member whose face it has. */
  readonly id: string;
  readonly tabs: number;
  readonly away?: boolean;
  readonly mine: boolean;
  readonly leaving: boolean;
  /** Of a person without a member: how they were last seen. */
  readonly face?: Identity;
}

interface Watched {
  /** Was not here when this page came. */
  readonly fresh: boolean;
  person: Person;
  /** The member whose face is looked at. */
  id: string | undefined;
  stop: () => void;
  face: Identity | undefined;
  /** When the last connection was lost. */
  awaySince: number | undefined;
}

const MINE = 'mine';

/** Everybody once, in the order in which they came. Who says not who they are is somebody for each connection. */
export function everybody(
  users: readonly User[],
  ids: readonly string[],
  member: MemberOf,
): Person[] {
  const known = users.map(({ user, members, away }) => ({ key: user, tabs: members, away }));
  const unknown = ids.filter((id) => member(id).get()?.user === undefined);
  return [...known, ...unknown.map((id) => ({ key: id, tabs: [id] }))];
}

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
  update(people: readonly Person[], self: string | undefined, member: MemberOf): void {
    const me = people.find(({ tabs }) => self !== undefined && tabs.includes(self));
    if (self === undefined || !me) return;
    const first = this.rows.get().length === 0;
    const others = people.filter((person) => person !== me);
    const gone = this.#forget(new Set(others.map(({ key }) => key)));
    for (const person of others) this.#watch(person, member, !first);
    const mine: Row = { key: MINE, id: self, tabs: me.tabs.length, mine: true, leaving: false };
    this.rows.set([mine, ...this.#rowsOf(others, gone)]);
  }

  /** The row of a person who has left has been seen going. */
  readonly remove = (key: string): void => {
    this.rows.set(this.rows.get().filter((row) => !(row.leaving && row.key === key)));
  };

  readonly stop = (): void => {
    for (const { stop } of this.#watched.values()) stop();
    this.#watched.clear();
    this.rows.set([]);
  };

  /** Everybody stays in place; those who go still do, too. */
  #rowsOf(others: readonly Person[], gone: ReadonlyMap<string, Identity | undefined>): Row[] {
    const here = new Map(others.map((person) => [person.key, person]));
    const kept = this.rows.get().filter((row) => !row.mine);
    const shown = new Set(kept.map((row) => row.key));
    const come = others.filter(({ key }) => !shown.has(key));
    return [
      ...kept.map((row) => {
        const person = here.get(row.key);
        return person ? this.#rowOf(person) : leave(row, gone.get(row.key));
      }),
      ...come.map((person) => this.#rowOf(person)),
    ];
  }

  #rowOf({ key, tabs, away }: Person): Row {
    const { id = key, face } = this.#watched.get(key)!;
    return {
      key,
      id,
      tabs: tabs.length,
      mine: false,
      leaving: false,
      ...(away !== undefined && { away }),
      ...(face && { face }),
    };
  }

  #watch(person: Person, member: MemberOf, fresh: boolean): void {
    const watched = this.#watched.get(person.key) ?? {
      fresh,
      person,
      id: undefined,
      stop: () => {},
      face: undefined,
      awaySince: undefined,
    };
    this.#watched.set(person.key, watched);
    watched.person = person;
    // Whoever has no tab any more may be back in a moment, and is shown as last seen until then.
    const id = person.tabs[0] ?? watched.id ?? person.key;
    const face = faceOf(member(id));
    if (watched.id !== id) {
      watched.stop();
      watched.id = id;
      watched.stop = face.subscribe(() => this.#look(watched, face));
    }
    this.#look(watched, face);
  }

  /** A name comes a moment after its member, with the first state that it sets. */
  #look(watched: Watched, binding: MemberBinding<Identity>): void {
    const member = binding.get();
    if (!member?.state) return;
    const { name, color } = member.state;
    if (watched.fresh && !watched.face) this.tell(`${name} joined`);
    watched.face = { name, color };
    const since = watched.awaySince;
    const isAway = watched.person.away ?? member.away;
    watched.awaySince = isAway ? (since ?? this.now()) : undefined;
    if (since !== undefined && !isAway) {
      this.tell(`${name} is back after ${seconds(this.now() - since)}`);
    }
  }

  #forget(present: ReadonlySet<string>): ReadonlyMap<string, Identity | undefined> {
    const gone = new Map<string, Identity | undefined>();
    for (const [key, { face, stop }] of this.#watched) {
      if (present.has(key)) continue;
      stop();
      this.#watched.delete(key);
      gone.set(key, face);
      if (face) this.tell(`${face.name} left`);
    }
    return gone;
  }
}

function leave(row: Row, face: Identity | undefined): Row {
  return { ...row, leaving: true, ...(face && { face }) };
}
