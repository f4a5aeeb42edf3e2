import { OWN, type ConnectionField } from '../connection/fields.js';
import type { State } from '../connection/shared.js';
import type { Member, RoomField } from './types.js';
import type { RosterFrame } from './wire.js';

/** What of a roster can be watched. */
export type RosterField = Exclude<RoomField, ConnectionField>;

export const MEMBERS = OWN;
export const MEMBER_IDS = OWN << 1;
export const SELF = OWN << 2;
export const OTHERS = OWN << 3;

/** In the order of their bits. */
export const ROOM_FIELDS: readonly RoomField[] = [
  'status',
  'closeInfo',
  'members',
  'memberIds',
  'self',
  'others',
];

export const ROSTER_FIELDS = /* @__PURE__ */ ROOM_FIELDS.slice(2) as RosterField[];

export const NOBODY: readonly never[] = [];

/** Every bit from the first of these to the last. */
const EVERYBODY = 2 * OTHERS - MEMBERS;

/** Who is in the room, in join order. */
export interface Roster extends State {
  readonly members: readonly Member[];
  readonly others: readonly Member[];
  readonly self: Member | undefined;
  get(id: string): Member | undefined;
  /** `keeps`: those who are missing stay for a moment, until as many others have come or `forget` is called. */
  reset(self: string | undefined, members: RosterFrame['members'], keeps?: boolean): void;
  join(id: string, said: Said): void;
  /** A state that is absent is one that there is not any more. */
  update(id: string, said: Said): void;
  away(id: string): void;
  leave(id: string): void;
}

/** What the server says of a member. */
export interface Said {
  state?: unknown;
  /** Absent, it is what it was; `null`, there is none any more. */
  info?: unknown;
  /** Absent, it is who it was. */
  user?: string;
  away?: true;
  /** What names it in `updates`. */
  n?: unknown;
}

/** Each absent until it is read. */
interface Lists {
  members?: readonly Member[] | undefined;
  memberIds?: readonly string[] | undefined;
  others?: readonly Member[] | undefined;
  /** Never read. */
  self?: unknown;
}

/**
 * An update costs the same however large the room is: the arrays that readers see are made when they are
 * read, and kept until they change.
 *
 * After a return that resumes nothing everybody may have another id, and the others come back one by one. So that
 * the list does not empty and fill, those who are missing stay in it, as they were and where they were, for a
 * moment. Nothing on the wire says who of them a newcomer is, so each newcomer takes the place of the one who was
 * here longest: there are never more rows than there were, or than there are members. One is kept over one return,
 * so that whoever has really gone is not listed for longer by a connection that comes and goes. One's own old entry
 * is never kept.
 */
export function createRoster(): Roster {
  let entries = new Map<string, Member>();
  /** What the server calls them in `updates`. Whoever has left is not there to be updated. */
  let numbers = new Map<unknown, string>();
  let selfId: string | undefined;
  /** Of the entries, those who are missing since the last return. */
  let missing = new Set<string>();
  let lists: Lists = {};
  let changed = 0;
  let touched = new Set<string>();

  const roster: Roster = {
    get members() {
      return (lists.members ??= some([...entries.values()]));
    },
    get memberIds() {
      return (lists.memberIds ??= some([...entries.keys()]));
    },
    get self() {
      return entries.get(selfId!);
    },
    get others() {
      return (lists.others ??= some(roster.members.filter(({ id }) => id !== selfId)));
    },
    get: (id) => entries.get(id),

    // Members that are as they were keep their identity, so that a reconnect does not re-render them.
    reset(self, list, keeps) {
      const was = { ...roster };
      const before = entries;
      entries = new Map(keeps ? before : []);
      if (selfId !== self) missing.add(selfId!);
      for (const id of missing) entries.delete(id);
      missing = new Set(entries.keys());
      numbers = new Map();
      lists = {};
      selfId = self;
      let newcomers = 0;
      for (const said of list) {
        const { id } = said;
        missing.delete(id);
        numbers.set(said.n, id);
        const known = before.get(id);
        let now = member(id, said);
        if (isSame(known, now)) now = known!;
        else touched.add(id);
        if (!known && id !== self) newcomers++;
        entries.set(id, now);
      }
      while (newcomers--) replace();
      for (const id of before.keys()) if (!entries.has(id)) touched.add(id);
      ROSTER_FIELDS.forEach((field, i) => {
        if (isSame(was[field], roster[field])) lists[field] = was[field] as any;
        else changed |= MEMBERS << i;
      });
    },

    // A join of somebody who is there already is an update: nobody is in a roster twice.
    join(id, said) {
      numbers.set(said.n, id);
      missing.delete(id);
      const known = entries.get(id);
      const now = member(id, { info: known?.info, user: known?.user!, ...said });
      if (isSame(known, now)) return;
      touch(id, !!known);
      if (!known) replace();
      entries.set(id, now);
    },

    // An update of somebody who is not there is one that a leave has overtaken, and would make a ghost.
    update(id, said) {
      if (entries.has(id)) roster.join(id, said);
    },

    // Until it is updated, which it is when it is back.
    away(id) {
      roster.update(id, { ...entries.get(id), away: true });
    },

    leave(id) {
      missing.delete(id);
      if (entries.delete(id)) touch(id);
    },

    take(frame, isFirst) {
      const said = frame as RosterFrame;
      if (said.t === 'snapshot') {
        roster.reset(said.self, said.members, isFirst && !said.resumed);
        return missing.size > 0;
      }
      if (said.t === 'updates') {
        for (const [n, state] of said.of) roster.update(numbers.get(n)!, { state });
      }
      if (said.t === 'presence' && /^(join|update|away|leave)$/.test(said.op)) {
        roster[said.op](said.from, said);
      }
    },

    forget() {
      missing.forEach(roster.leave);
    },

    settle(isClosed) {
      if (isClosed) roster.reset(undefined, []);
      const settled: [number, Set<string>] = [changed, touched];
      changed = 0;
      touched = new Set();
      return settled;
    },
  };

  /** A newcomer takes the place of one who is missing. */
  function replace(): void {
    for (const id of missing) return roster.leave(id);
  }

  function touch(id: string, isListed?: boolean): void {
    touched.add(id);
    changed |= EVERYBODY & (isListed ? ~MEMBER_IDS : -1) & (id === selfId ? ~OTHERS : ~SELF);
    lists = {
      memberIds: isListed ? lists.memberIds : undefined,
      others: id === selfId ? lists.others : undefined,
    };
  }

  return roster;
}

const member = (id: string, { state, info, user, away }: Said): Member => ({
  id,
  ...(state !== undefined && { state }),
  ...(info != null && { info }),
  ...(user != null && { user }),
  ...(away && { away }),
});

/** Whether two values say the same. What is nested deeper than anybody nests counts as different. */
export function isSame(a: any, b: any, depth = 0): boolean {
  if (Object(a) !== a || Object(b) !== b || depth > 64) return a === b;
  const keys = Object.keys(a);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key], depth + 1))
  );
}

/** One empty array for everybody, so that an empty list that stays empty does not look changed. */
const some = <T>(list: readonly T[]): readonly T[] => (list.length > 0 ? list : NOBODY);
