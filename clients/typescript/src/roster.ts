import type { Member, RoomField } from './types.js';

/** What changed, as bits, because a busy room asks thousands of times a second. */
export const FIELD: Record<RoomField, number> = {
  status: 1,
  closeInfo: 2,
  members: 4,
  memberIds: 8,
  self: 16,
  others: 32,
};

export const NOBODY: readonly never[] = [];

const everybody = FIELD.members | FIELD.memberIds | FIELD.self | FIELD.others;

/**
 * Who is in the room, in join order. An update costs the same however large the room is: the arrays that
 * readers see are made when they are read, and kept until they change.
 */
export class Roster {
  /** Bits of `FIELD` that have changed since `settle`. */
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
    const [all, ids, others, own] = [this.members, this.ids, this.others, this.self];
    this.#members = new Map();
    for (const { id, state } of members) {
      const known = before.get(id);
      const next = state === undefined ? { id } : { id, state };
      const same = known && JSON.stringify(known) === JSON.stringify(next);
      this.#members.set(id, same ? known : next);
      if (!same) this.touched.add(id);
    }
    for (const id of before.keys()) if (!this.#members.has(id)) this.touched.add(id);
    this.#self = self;
    this.#forget(everybody);
    this.#all = keep(all, this.members);
    this.#ids = keep(ids, this.ids);
    this.#others = keep(others, this.others);
    if (this.#all !== all) this.changed |= FIELD.members;
    if (this.#ids !== ids) this.changed |= FIELD.memberIds;
    if (this.#others !== others) this.changed |= FIELD.others;
    if (this.self !== own) this.changed |= FIELD.self;
  }

  /** A join of somebody who is there already is an update: nobody is in a roster twice. */
  join(id: string, state: unknown): void {
    if (this.#members.has(id)) return this.update(id, state);
    this.#put(id, state, everybody & ~this.#notBy(id));
  }

  /** An update of somebody who is not there is one that a leave has overtaken, and would make a ghost. */
  update(id: string, state: unknown): void {
    if (this.#members.has(id))
      this.#put(id, state, (everybody & ~this.#notBy(id)) ^ FIELD.memberIds);
  }

  leave(id: string): void {
    if (this.#members.delete(id)) this.#touch(id, everybody & ~this.#notBy(id));
  }

  /** What changed is now known to everybody. */
  settle(): void {
    this.changed = 0;
    this.touched.clear();
  }

  #put(id: string, state: unknown, fields: number): void {
    this.#members.set(id, state === undefined ? { id } : { id, state });
    this.#touch(id, fields);
  }

  #touch(id: string, fields: number): void {
    this.touched.add(id);
    this.changed |= fields;
    this.#forget(fields);
  }

  #forget(fields: number): void {
    if (fields & FIELD.members) this.#all = undefined;
    if (fields & FIELD.memberIds) this.#ids = undefined;
    if (fields & FIELD.others) this.#others = undefined;
  }

  /** The field that a change of `id` leaves alone. */
  #notBy(id: string): number {
    return id === this.#self ? FIELD.others : FIELD.self;
  }
}

function keep<T>(before: readonly T[], after: readonly T[]): readonly T[] {
  const same = before.length === after.length && before.every((item, i) => item === after[i]);
  return same ? before : after;
}

/** One empty array for everybody, so that an empty list that stays empty does not look changed. */
const some = <T>(list: readonly T[]): readonly T[] => (list.length > 0 ? list : NOBODY);
