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

const EVERYBODY = MEMBERS | MEMBER_IDS | SELF | OTHERS;

/** Who is in the room, in join order. */
export interface Roster extends State {
  readonly members: readonly Member[];
  readonly others: readonly Member[];
  readonly self: Member | undefined;
  get(id: string): Member | undefined;
  snapshot(self: string | undefined, members: readonly Member[]): void;
  join(id: string, state: unknown): void;
  update(id: string, state: unknown): void;
  leave(id: string): void;
}

/** Each absent until it is read. */
interface Lists {
  members?: readonly Member[] | undefined;
  memberIds?: readonly string[] | undefined;
  others?: readonly Member[] | undefined;
}

/**
 * An update costs the same however large the room is: the arrays that readers see are made when they are
 * read, and kept until they change.
 */
export function createRoster(): Roster {
  let entries = new Map<string, Member>();
  let selfId: string | undefined;
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
      return roster.get(selfId!);
    },
    get others() {
      return (lists.others ??= some(roster.members.filter(({ id }) => id !== selfId)));
    },
    get: (id) => entries.get(id),

    // Members that are as they were keep their identity, so that a reconnect does not re-render them.
    snapshot(self, list) {
      const before = entries;
      const was = { ...roster };
      entries = new Map();
      lists = {};
      selfId = self;
      for (const { id, state } of list) {
        const known = before.get(id);
        const same = known && isSame(known.state, state);
        entries.set(id, same ? known : member(id, state));
        if (!same) touched.add(id);
      }
      for (const id of before.keys()) if (!entries.has(id)) touched.add(id);
      lists = {
        members: keep(was.members, roster.members),
        memberIds: keep(was.memberIds, roster.memberIds),
        others: keep(was.others, roster.others),
      };
      ROSTER_FIELDS.forEach((field, i) => {
        if (was[field] !== roster[field]) changed |= MEMBERS << i;
      });
    },

    // A join of somebody who is there already is an update: nobody is in a roster twice.
    join(id, state) {
      const known = entries.get(id);
      if (known && isSame(known.state, state)) return;
      touch(id, known ? EVERYBODY ^ MEMBER_IDS : EVERYBODY);
      entries.set(id, member(id, state));
    },

    // An update of somebody who is not there is one that a leave has overtaken, and would make a ghost.
    update(id, state) {
      if (entries.has(id)) roster.join(id, state);
    },

    leave(id) {
      if (entries.delete(id)) touch(id, EVERYBODY);
    },

    take(frame) {
      const { t, op, from, state, self, members } = frame as RosterFrame;
      if (t === 'snapshot') roster.snapshot(self, members);
      if (t !== 'presence') return;
      if (op === 'leave') roster.leave(from);
      if (op === 'join') roster.join(from, state);
      if (op === 'update') roster.update(from, state);
    },

    settle(isClosed) {
      if (isClosed) roster.snapshot(undefined, []);
      const settled: [number, Set<string>] = [changed, touched];
      changed = 0;
      if (touched.size > 0) touched = new Set();
      return settled;
    },
  };

  function touch(id: string, fields: number): void {
    touched.add(id);
    changed |= fields & (id === selfId ? ~OTHERS : ~SELF);
    lists = {
      memberIds: fields & MEMBER_IDS ? undefined : lists.memberIds,
      others: id === selfId ? lists.others : undefined,
    };
  }

  return roster;
}

const member = (id: string, state: unknown): Member =>
  state === undefined ? { id } : { id, state };

/** Whether two states say the same. What is nested deeper than anybody nests counts as different. */
function isSame(a: any, b: any, depth = 0): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b || depth > 64) return a === b;
  const keys = Object.keys(a);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key], depth + 1))
  );
}

function keep<T>(before: readonly T[], after: readonly T[]): readonly T[] {
  const same = before.length === after.length && before.every((item, i) => item === after[i]);
  return same ? before : after;
}

/** One empty array for everybody, so that an empty list that stays empty does not look changed. */
const some = <T>(list: readonly T[]): readonly T[] => (list.length > 0 ? list : NOBODY);
