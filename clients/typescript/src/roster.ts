import type { Member, RoomField } from './types.js';

// What changed, as bits, because a busy room asks thousands of times a second.
export const STATUS = 1;
export const CLOSE_INFO = 2;
export const MEMBERS = 4;
export const MEMBER_IDS = 8;
export const SELF = 16;
export const OTHERS = 32;

/** In the order of their bits. */
export const FIELDS: readonly RoomField[] = [
  'status',
  'closeInfo',
  'members',
  'memberIds',
  'self',
  'others',
];

export const NOBODY: readonly never[] = [];

const EVERYBODY = MEMBERS | MEMBER_IDS | SELF | OTHERS;

/**
 * Who is in the room, in join order. An update costs the same however large the room is: the arrays that
 * readers see are made when they are read, and kept until they change.
 */
export class Roster {
  /** Bits of what has changed since `settle`. */
  changed = 0;
  /** Members that have changed since `settle`. */
  readonly touched = new Set<string>();

  #members = new Map<string, Member>();
  #self: string | undefined;
  #all: readonly Member[] | undefined = NOBODY;
  #ids: readonly string[] | undefined = NOBODY;
  #others: readonly Member[] | undefined = NOBODY;

  get members(): readonly Member[] {
    return (this.#all ??= some([...this.#members.values()]));
  }

  get ids(): readonly string[] {
    return (this.#ids ??= some([...this.#members.keys()]));
  }

  get others(): readonly Member[] {
    return (this.#others ??= some(this.members.filter(({ id }) => id !== this.#self)));
  }

  get self(): Member | undefined {
    return this.#self === undefined ? undefined : this.#members.get(this.#self);
  }

  get(id: string): Member | undefined {
    return this.#members.get(id);
  }

  /** Members that are as they were keep their identity, so that a reconnect does not re-render them. */
  snapshot(self: string | undefined, members: readonly Member[]): void {
    const before = this.#members;
    const { members: all, ids, others, self: own } = this;
    this.#members = new Map();
    for (const { id, state } of members) {
      const known = before.get(id);
      const same = known && JSON.stringify(known.state) === JSON.stringify(state);
      this.#members.set(id, same ? known : member(id, state));
      if (!same) this.touched.add(id);
    }
    for (const id of before.keys()) if (!this.#members.has(id)) this.touched.add(id);
    this.#self = self;
    this.#forget(EVERYBODY);
    if ((this.#all = keep(all, this.members)) !== all) this.changed |= MEMBERS;
    if ((this.#ids = keep(ids, this.ids)) !== ids) this.changed |= MEMBER_IDS;
    if ((this.#others = keep(others, this.others)) !== others) this.changed |= OTHERS;
    if (this.self !== own) this.changed |= SELF;
  }

  /** A join of somebody who is there already is an update: nobody is in a roster twice. */
  join(id: string, state: unknown): void {
    if (this.#members.has(id)) return this.update(id, state);
    this.#members.set(id, member(id, state));
    this.#touch(id, EVERYBODY);
  }

  /** An update of somebody who is not there is one that a leave has overtaken, and would make a ghost. */
  update(id: string, state: unknown): void {
    if (!this.#members.has(id)) return;
    this.#members.set(id, member(id, state));
    this.#touch(id, EVERYBODY ^ MEMBER_IDS);
  }

  leave(id: string): void {
    if (this.#members.delete(id)) this.#touch(id, EVERYBODY);
  }

  /** What changed is now known to everybody. */
  settle(): void {
    this.changed = 0;
    this.touched.clear();
  }

  #touch(id: string, fields: number): void {
    fields &= id === this.#self ? ~OTHERS : ~SELF;
    this.touched.add(id);
    this.changed |= fields;
    this.#forget(fields);
  }

  #forget(fields: number): void {
    if (fields & MEMBERS) this.#all = undefined;
    if (fields & MEMBER_IDS) this.#ids = undefined;
    if (fields & OTHERS) this.#others = undefined;
  }
}

const member = (id: string, state: unknown): Member =>
  state === undefined ? { id } : { id, state };

function keep<T>(before: readonly T[], after: readonly T[]): readonly T[] {
  const same = before.length === after.length && before.every((item, i) => item === after[i]);
  return same ? before : after;
}

/** One empty array for everybody, so that an empty list that stays empty does not look changed. */
const some = <T>(list: readonly T[]): readonly T[] => (list.length > 0 ? list : NOBODY);
