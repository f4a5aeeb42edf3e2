import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { sourceOf } from '../src/connection/source.js';
import { usersOf, type User } from '../src/index.js';
import { watchUsers } from '../src/room/users.js';
import { page } from './support/rooms.js';

/** A room of which the users are watched, in virtual time. */
function watched(...members: { id: string; user?: string; info?: unknown; away?: true }[]) {
  const here = page();
  const room = here.join();
  const users = watchUsers(sourceOf(room), here.world);
  const heard = vi.fn();
  const stop = users.subscribe(heard);
  here.socket.welcome([{ id: 'me' }, ...members]);
  heard.mockClear();
  const say =
    (op: string) =>
    (from: string, more: object = {}) =>
      here.socket.receive({ t: 'presence', op, from, ...more });
  return {
    ...here,
    room,
    users,
    heard,
    stop,
    join: say('join'),
    update: say('update'),
    away: say('away'),
    leave: say('leave'),
  };
}

const ann = { user: 'ann', members: ['a1'], away: false };
const bob = { user: 'bob', members: ['b1'], away: false };

describe('the users of a room', () => {
  it('are each listed once, in the order in which they came, and nobody who has no user', () => {
    const { users } = watched(
      { id: 'b1', user: 'bob', away: true },
      { id: 'nobody' },
      { id: 'a1', user: 'ann' },
      { id: 'b2', user: 'bob', away: true },
    );
    expect(users.get()).toEqual([{ user: 'bob', members: ['b1', 'b2'], away: true }, ann]);
  });

  it('keep their places whichever of their members leaves', () => {
    const { users, leave, join } = watched(
      { id: 'b0', user: 'bob' },
      { id: 'a1', user: 'ann' },
      { id: 'b1', user: 'bob' },
    );
    leave('b0');
    expect(users.get()).toEqual([bob, ann]);
    leave('b1');
    join('b2', { user: 'bob' });
    expect(users.get()).toEqual([{ ...bob, members: ['b2'] }, ann]);
  });

  it('have the info of the first member that has one, and it is the news of it that is told', () => {
    const { users, heard, update, leave } = watched(
      { id: 'b0', user: 'bob' },
      { id: 'b1', user: 'bob', info: { name: 'Bob' } },
      { id: 'b2', user: 'bob', info: { name: 'Robert' } },
    );
    const info = () => users.get()[0]!.info;
    expect(info()).toEqual({ name: 'Bob' });
    update('b1', { state: { x: 1 }, info: { name: 'Bob' } });
    expect(heard).not.toHaveBeenCalled();
    update('b1', { info: { name: 'Bobby' } });
    expect(info()).toEqual({ name: 'Bobby' });
    expect(heard).toHaveBeenCalledOnce();
    leave('b1');
    expect(info()).toEqual({ name: 'Robert' });
    update('b2', { info: null });
    expect('info' in users.get()[0]!).toBe(false);
  });

  it('stay as they were for 2 s after their last member has left', () => {
    const { users, world, heard, away, leave } = watched(
      { id: 'a1', user: 'ann', info: 'A' },
      { id: 'b1', user: 'bob' },
    );
    away('b1');
    leave('a1');
    world.advance(500);
    leave('b1');
    const gone = (user: User) => ({ ...user, members: [] });
    expect(users.get()).toEqual([gone({ ...ann, info: 'A' }), gone({ ...bob, away: true })]);
    heard.mockClear();
    world.advance(1_499);
    expect(heard).not.toHaveBeenCalled();
    world.advance(1);
    expect(heard).toHaveBeenCalledOnce();
    expect(users.get()).toEqual([gone({ ...bob, away: true })]);
    world.advance(500);
    expect(users.get()).toEqual([]);
  });

  it('are again who they are over a return with another id, of oneself too', () => {
    const { users, sockets, world, heard } = watched({ id: 'a1', user: 'ann' });
    sockets[0]!.end(1012);
    world.advance(375);
    sockets[1]!.welcome([{ id: 'me2' }, { id: 'a2', user: 'ann' }], {}, 'me2');
    world.advance(10_000);
    expect(users.get()).toEqual([{ ...ann, members: ['a2'] }]);
    expect(heard).toHaveBeenCalledOnce();
  });

  it('are nobody at once in a room that closes, those too who have just left', () => {
    const { users, room, heard, leave, world } = watched({ id: 'a1', user: 'ann' });
    leave('a1');
    const timers = world.timers;
    heard.mockClear();
    room.leave();
    expect(users.get()).toEqual([]);
    expect(heard).toHaveBeenCalledOnce();
    expect(world.timers).toBeLessThan(timers);
  });

  it('are not looked at for what a member shows', () => {
    const { room, update, join } = watched({ id: 'a1', user: 'ann' });
    const roster = sourceOf(room).shared!.known as { members: unknown };
    const read = vi.spyOn(roster, 'members', 'get');
    for (let x = 0; x < 100; x++) update('a1', { state: { x } });
    expect(read).not.toHaveBeenCalled();
    join('b1', { user: 'bob' });
    expect(read).toHaveBeenCalled();
  });

  it('that nobody watches are as they are when they are asked for', () => {
    const { users, stop, world, join, leave } = watched({ id: 'a1', user: 'ann' });
    stop();
    stop();
    expect(users.get()).toBe(users.get());
    world.advance(60_000);
    expect(users.get()).toEqual([ann]);
    leave('a1');
    world.advance(1_999);
    expect(users.get()).toEqual([{ ...ann, members: [] }]);
    join('a1', { user: 'ann' });
    users.get();
    leave('a1');
    world.advance(2_000);
    expect(users.get()).toEqual([]);
  });

  it('are told when one has gone who left between two listeners', () => {
    const { users, stop, heard, world, leave, update } = watched({ id: 'a1', user: 'ann' });
    world.advance(60_000);
    stop();
    leave('a1');
    world.advance(1_000);
    expect(users.get()).toEqual([{ ...ann, members: [] }]);
    users.subscribe(heard);
    update('me', { state: 1 });
    world.advance(999);
    expect(heard).not.toHaveBeenCalled();
    world.advance(1);
    expect(heard).toHaveBeenCalledOnce();
    expect(users.get()).toEqual([]);
  });

  it('are told to each listener until it stops, though another throws', () => {
    const { users, heard, stop, join } = watched();
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const [bad, other] = [vi.fn(() => expect.fail('bad')), vi.fn()];
    const stops = [users.subscribe(bad), users.subscribe(other), users.subscribe(other)];
    join('a1', { user: 'ann' });
    expect([heard, bad, other].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 2]);
    expect(log).toHaveBeenCalledOnce();
    stops[0]!();
    stops[2]!();
    stop();
    join('b1', { user: 'bob' });
    expect([heard, bad, other].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 3]);
  });

  it('are there without a framework', () => {
    const here = page();
    const users = usersOf(here.join());
    here.socket.welcome([{ id: 'a1', user: 'ann' }]);
    expect(users.get()).toEqual([ann]);
  });

  it('are those of the roster, each once, after whatever happened, and nobody is missed too early', () => {
    const ids = ['1', '2', '3', '4', '5', '6'];
    const userOf = (id: string) => [undefined, 'ann', 'bob'][Number(id) % 3];
    const step = fc.record({
      op: fc.constantFrom('join', 'update', 'away', 'leave'),
      id: fc.constantFrom(...ids),
      ms: fc.constantFrom(0, 1, 700, 2_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { room, users, world, heard, socket } = watched();
        const lastSeen = new Map<string, number>();
        let shown = users.get();
        heard.mockImplementation(() => (shown = users.get()));
        for (const { op, id, ms } of steps) {
          const user = userOf(id);
          for (const { user } of room.members) if (user) lastSeen.set(user, world.time);
          socket.receive({ t: 'presence', op, from: id, user: op === 'join' ? user : undefined });
          world.advance(ms);
          for (const { user } of room.members) if (user) lastSeen.set(user, world.time);
          const expected = [...lastSeen].flatMap(([user, at]) =>
            world.time < at + 2_000 ? [user] : [],
          );
          expect(shown.map(({ user }) => user).sort()).toEqual(expected.sort());
          for (const { user, members, away } of shown) {
            const own = room.members.filter((member) => member.user === user);
            expect(members).toEqual(own.map(({ id }) => id));
            if (own.length > 0) expect(away).toBe(own.every((member) => member.away));
          }
          expect(users.get()).toBe(shown);
        }
      }),
    );
  });
});
