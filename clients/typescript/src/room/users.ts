import { page, type Environment } from '../connection/environment.js';
import { STATUS } from '../connection/fields.js';
import { sourceOf, type Source } from '../connection/source.js';
import type { Binding } from '../connection/types.js';
import { USER_LINGER } from '../limits.js';
import { isSame } from '../same.js';
import { NOBODY, type Roster } from './roster.js';
import type { Member, User } from './types.js';

/** A room, of a hook or of `joinRoom`. */
export interface Peopled {
  readonly members: readonly Member<any, any>[];
}

export type InfoIn<R extends Peopled> =
  R['members'][number] extends Member<any, infer I> ? I : never;

/**
 * Who is in a room, each person once, in the order in which they came. Members without a user are in no list of users.
 * Whoever's last member has left stays listed for 2 s, in the same place, so that a reload is no leave.
 *
 * ```ts
 * const users = usersOf(room);
 * users.subscribe(() => show(users.get()));
 * ```
 */
export const usersOf = <R extends Peopled>(room: R): Binding<readonly User<InfoIn<R>>[]> =>
  watchUsers(sourceOf(room), page) as Binding<readonly User<any>[]>;

export function watchUsers(source: Source, { now, timer }: Environment): Binding<readonly User[]> {
  const listeners = new Set<() => void>();
  let users: readonly User[] = NOBODY;
  /** What the listeners know. */
  let told = users;
  /** What `users` was made of. */
  let members = new Map<string, Member>();
  let madeAt = now();
  /** When those have gone who have no member any more. */
  let ends = new Map<string, number>();
  const later = timer();
  let stop: (() => void) | undefined;

  function refresh(): void {
    const time = now();
    const { shared } = source;
    const roster = shared?.known as Roster | undefined;
    const isIn = shared && shared.status !== 'closed';
    const list = isIn ? roster!.members : NOBODY;
    members = new Map(list.map((member) => [member.id, member]));
    const found = usersAmong(list, isIn ? users : NOBODY);
    // While nobody listens nothing tells when a member left, but that it was later than this.
    const end = (stop ? time : madeAt) + USER_LINGER;
    madeAt = time;
    linger(found, end, time);
    const before = new Map(users.map((user) => [user.user, user]));
    const next = [...found.values()].map((user) => {
      const known = before.get(user.user);
      return isSame(known, user) ? known! : user;
    });
    const isKnown = next.length === users.length && next.every((user, i) => user === users[i]);
    if (!isKnown) users = next.length > 0 ? next : NOBODY;
  }

  /** Takes out who has gone, and comes back when the next of the others will have. */
  function linger(found: Map<string, User>, end: number, time: number): void {
    const before = ends;
    ends = new Map();
    for (const [user, { members }] of found) {
      if (members.length > 0) continue;
      const until = before.get(user) ?? end;
      if (until > time) ends.set(user, until);
      else found.delete(user);
    }
    later();
    if (!stop || ends.size === 0) return;
    const next = [...ends.values()].reduce((a, b) => Math.min(a, b));
    later(next - time, () => {
      refresh();
      tell();
    });
  }

  function tell(): void {
    if (told === users) return;
    told = users;
    for (const listener of [...listeners]) source.attempt(listener);
  }

  /** Most of what changes is what members show, which is nothing to users. */
  function watch(fields: number, ids: ReadonlySet<string>): void {
    const roster = source.shared?.known as Roster | undefined;
    const isOther = (id: string) => !isSameUser(members.get(id), roster?.get(id));
    if (fields & STATUS || [...ids].some(isOther)) refresh();
    tell();
  }

  return {
    get() {
      refresh();
      return users;
    },
    subscribe(listener) {
      const own = () => listener();
      listeners.add(own);
      if (!stop) {
        refresh();
        told = users;
        stop = source.observe(watch);
        refresh();
      }
      return () => {
        listeners.delete(own);
        if (listeners.size > 0) return;
        stop?.();
        stop = undefined;
        madeAt = now();
        later();
      };
    },
  };
}

/** Those who were here already keep their places, with a member or without. */
function usersAmong(members: readonly Member[], before: readonly User[]): Map<string, User> {
  const found = new Map<string, User>();
  for (const known of before) found.set(known.user, { ...known, members: NOBODY });
  const lists = new Map<string, string[]>();
  for (const { id, user, away, info } of members) {
    if (user === undefined) continue;
    const list = lists.get(user);
    // Nothing of one whose members have all left since is told of one who is here.
    const known = list && found.get(user);
    const said = known?.info ?? info;
    const ids = list ?? [];
    ids.push(id);
    lists.set(user, ids);
    found.set(user, {
      user,
      members: ids,
      away: !!away && (known?.away ?? true),
      ...(said !== undefined && { info: said }),
    });
  }
  return found;
}

const isSameUser = (a: Member | undefined, b: Member | undefined): boolean =>
  a?.user === b?.user && a?.away === b?.away && isSame(a?.info, b?.info);
