import type { ConnectionField } from '../connection/fields.js';
import { MEMBERS, MEMBER_IDS, OTHERS, SELF } from './fields.js';
import type { State } from '../connection/shared.js';
import { isSame } from '../same.js';
import type { Member, RoomField } from './types.js';
import type { RosterFrame } from './wire.js';

/** What of a roster can be watched. */
export type RosterField = Exclude<RoomField, ConnectionField>;

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
  /** Absent, it is who it was; `null`, nobody any more. */
  user?: string | null | undefined;
  away?: true;
  /** What names it in `updates`. */
  n?: unknown;
}

/** Each absent until it is read. */
interface Lists {
  members?: readonly Member[];
  memberIds?: readonly string[] | false | undefined;
  others?: readonly Member[] | false | undefined;
  /** Never read. */
  self?: unknown;
}

/**
 * An update costs the same however large the room is: the arrays that readers see are made when they are
 * read, and kept until they change.
 *
 * After a return that resumes nothing the others come back one by one, as the same where the server knows them again,
 * and else with other ids. So that the list does not empty and fill, those who are missing stay in it, as they were
 * and where they were, for a moment. Nothing on the wire says who of them a newcomer is, so each newcomer takes the
 * place of the one who was here longest: newcomers make no more rows than there were, or than there are members. One is
 * kept over one return, so that whoever has really gone is not listed for longer by a connection that comes and goes.
 * One's own old entry is never kept.
 *
 * Who comes back as the same only after that is a row again where it was one: its place is kept until the next
 * return that resumes nothing, so there are never more of them than there were members at the last.
 */
export function createRoster(): Roster {
  /** In their order. Of who was missing for too long only the place is left: that of whoever comes back as the same. */
  const entries = new Map<string, Member | undefined>();
  /** What the server calls them in `updates`. Whoever has left is not there to be updated. */
  let numbers = new Map<unknown, string>();
  let selfId: string | undefined;
  /** Of those who are listed, who is missing since the last return. */
  const missing = new Set<string>();
  let lists: Lists = {};
  let changed = 0;
  let touched = new Set<string>();

  const roster: Roster = {
    get members() {
      return (lists.members ||= some([...entries.values()].filter((member) => !!member)));
    },
    get memberIds() {
      return (lists.memberIds ||= some(roster.members.map(({ id }) => id)));
    },
    get self() {
      return entries.get(selfId!);
    },
    get others() {
      return (lists.others ||= some(roster.members.filter(({ id }) => id !== selfId)));
    },
    get: (id) => entries.get(id),

    // Whoever is as it was stays the same object in the same place, so that a reconnect renders and moves no row.
    reset(self, list, keeps) {
      const here = new Set(list.map(({ id }) => id));
      for (const [id, known] of entries) {
        if (here.has(id) || (!keeps && !known)) continue;
        if (!keeps || !known || id === selfId || missing.has(id)) roster.leave(id);
        else missing.add(id);
      }
      numbers = new Map();
      selfId = self;
      // What is absent here is not there any more.
      for (const said of list) roster.join(said.id, { info: null, user: null, ...said });
    },

    // A join of somebody who is there already is an update: nobody is in a roster twice.
    join(id, said) {
      numbers.set(said.n, id);
      missing.delete(id);
      const known = entries.get(id);
      const now = member(id, { info: known?.info, user: known?.user, ...said });
      if (isSame(known, now)) return;
      touch(id, !!known);
      if (!entries.has(id) && id !== selfId) replace();
      entries.set(id, now);
    },

    // An update of somebody who is not there is one that a leave has overtaken, and would make a ghost.
    update(id, said) {
      if (entries.get(id)) roster.join(id, said);
    },

    // Until it is updated, which it is when it is back.
    away(id) {
      roster.update(id, { ...entries.get(id), away: true });
    },

    leave(id) {
      hide(id);
      entries.delete(id);
    },

    take(frame, isFirst) {
      const said = frame as RosterFrame;
      switch (said.t) {
        case 'snapshot':
          roster.reset(said.self, said.members, isFirst && !said.resumed);
          return missing.size > 0;
        case 'updates':
          for (const [n, state] of said.of) roster.update(numbers.get(n)!, { state });
          return;
        case 'presence':
          if (/^(join|update|away|leave)$/.test(said.op)) roster[said.op](said.from, said);
      }
    },

    forget() {
      missing.forEach(hide);
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
    for (const id of missing) return hide(id);
  }

  /** Keeps the place. */
  function hide(id: string): void {
    missing.delete(id);
    if (!entries.get(id)) return;
    entries.set(id, undefined);
    touch(id);
  }

  function touch(id: string, isListed?: boolean): void {
    touched.add(id);
    const isSelf = id === selfId;
    changed |= MEMBERS | (isListed ? 0 : MEMBER_IDS) | (isSelf ? SELF : OTHERS);
    lists = { memberIds: isListed && lists.memberIds, others: isSelf && lists.others };
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

/** One empty array for everybody, so that an empty list that stays empty does not look changed. */
const some = <T>(list: readonly T[]): readonly T[] => (list.length > 0 ? list : NOBODY);
