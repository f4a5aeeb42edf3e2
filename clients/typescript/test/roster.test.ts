/** Who is in a room, and what of it has changed. */
import { beforeEach, describe, expect, it } from 'vitest';
import { CLOSE_INFO, STATUS } from '../src/connection/fields.js';
import { MEMBERS, MEMBER_IDS, OTHERS, SELF } from '../src/room/fields.js';
import {
  NOBODY,
  ROOM_FIELDS,
  ROSTER_FIELDS,
  createRoster,
  type Roster,
} from '../src/room/roster.js';

let roster: Roster;

beforeEach(() => {
  roster = createRoster();
  roster.reset('b', [{ id: 'a', state: { x: 1 } }, { id: 'b' }, { id: 'c', state: null }]);
  roster.settle();
});

it('numbers the fields in the order of their bits', () => {
  const bits = { status: STATUS, closeInfo: CLOSE_INFO, members: MEMBERS };
  const more = { memberIds: MEMBER_IDS, self: SELF, others: OTHERS };
  expect(ROOM_FIELDS.map((field, i) => [field, 1 << i])).toEqual(
    Object.entries({ ...bits, ...more }),
  );
  expect(ROSTER_FIELDS).toEqual(['members', 'memberIds', 'self', 'others']);
});

it('begins empty', () => {
  const empty = createRoster();
  expect(empty.members).toBe(NOBODY);
  expect(empty.memberIds).toBe(NOBODY);
  expect(empty.others).toBe(NOBODY);
  expect(empty.self).toBeUndefined();
});

it('keeps the order of joining, whatever is updated', () => {
  roster.join('d', { state: 4 });
  roster.update('a', { state: { x: 2 } });
  roster.leave('b');
  expect(roster.members).toEqual([
    { id: 'a', state: { x: 2 } },
    { id: 'c', state: null },
    { id: 'd', state: 4 },
  ]);
  expect(roster.memberIds).toEqual(['a', 'c', 'd']);
});

it('tells an absent state from null', () => {
  expect(roster.get('b')).toEqual({ id: 'b' });
  expect('state' in roster.get('b')!).toBe(false);
  expect(roster.get('c')).toEqual({ id: 'c', state: null });
});

describe('what the server says of a member', () => {
  const take = (frame: object) => roster.take(frame as any, false);

  beforeEach(() => {
    const card = { name: 'Ann', roles: ['host'] };
    take({
      t: 'snapshot',
      self: 'b',
      members: [
        { id: 'a', n: 0, info: card, state: { x: 1 } },
        { id: 'b', n: 1 },
      ],
    });
  });
  const update = { t: 'presence', op: 'update', from: 'a', state: { x: 1 } };
  const ann = { id: 'a', info: { name: 'Ann', roles: ['host'] }, state: { x: 1 } };

  it('comes with the snapshot and with a join', () => {
    expect(roster.get('a')).toEqual(ann);
    expect('info' in roster.get('b')!).toBe(false);
    take({ t: 'presence', op: 'join', from: 'c', n: 2, info: 'C' });
    expect(roster.get('c')).toEqual({ id: 'c', info: 'C' });
  });

  it('stays when the member shows something else, and what it shows stays when it changes', () => {
    take({ t: 'updates', of: [[0, { x: 2 }]] });
    expect(roster.get('a')).toEqual({ ...ann, state: { x: 2 } });
    take({ ...update, state: { x: 3 } });
    expect(roster.get('a')).toEqual({ ...ann, state: { x: 3 } });
    take({ ...update, state: { x: 3 }, info: 'Anna' });
    expect(roster.get('a')).toEqual({ id: 'a', info: 'Anna', state: { x: 3 } });
    take({ t: 'updates', of: [[0]] });
    expect(roster.get('a')).toEqual({ id: 'a', info: 'Anna' });
  });

  it('goes with null', () => {
    take({ ...update, info: null });
    expect(roster.get('a')).toEqual({ id: 'a', state: { x: 1 } });
    expect('info' in roster.get('a')!).toBe(false);
  });

  it('makes no row anew when nothing of it changed', () => {
    roster.settle();
    const before = roster.get('a');
    const members = [
      { ...ann, n: 0 },
      { id: 'b', n: 1 },
    ];
    for (const frame of [
      { ...update, info: { roles: ['host'], name: 'Ann' } },
      update,
      { t: 'updates', of: [[0, { x: 1 }]] },
      { ...update, op: 'join', n: 0, info: ann.info },
      { t: 'snapshot', self: 'b', members },
    ]) {
      take(frame);
      expect(roster.get('a')).toBe(before);
      expect(roster.settle()).toEqual([0, new Set()]);
    }
    take({ t: 'snapshot', self: 'b', members: [{ ...members[0], info: 'Anna' }, members[1]] });
    expect(roster.settle()).toEqual([MEMBERS | OTHERS, new Set(['a'])]);
    expect(roster.get('b')).toBe(roster.self);
  });
});

describe('whose connection a member is', () => {
  const take = (frame: object) => roster.take(frame as any, false);

  it('comes with the snapshot and with a join, and stays whatever is updated', () => {
    take({ t: 'snapshot', self: 'b', members: [{ id: 'b' }, { id: 'a', n: 0, user: 'ann' }] });
    take({ t: 'presence', op: 'join', from: 'c', n: 1, user: 'carl', info: 'C' });
    take({ t: 'updates', of: [[0, 1], [1]] });
    take({ t: 'presence', op: 'update', from: 'a', state: 2, info: 'A' });
    take({ t: 'presence', op: 'away', from: 'c' });
    expect(roster.members).toEqual([
      { id: 'a', user: 'ann', state: 2, info: 'A' },
      { id: 'b' },
      { id: 'c', user: 'carl', info: 'C', away: true },
    ]);
    expect('user' in roster.get('b')!).toBe(false);
  });

  it('makes a member anew where it is another one', () => {
    roster.settle();
    take({ t: 'presence', op: 'join', from: 'c', user: 'carl', state: null });
    expect(roster.settle()).toEqual([MEMBERS | OTHERS, new Set(['c'])]);
  });
});

it('knows who it is', () => {
  expect(roster.self).toEqual({ id: 'b' });
  expect(roster.others.map(({ id }) => id)).toEqual(['a', 'c']);
});

describe('what it says has changed', () => {
  it.each<[string, () => void, number, string[]]>([
    ['join', () => roster.join('d', { state: 1 }), MEMBERS | MEMBER_IDS | OTHERS, ['d']],
    ['update', () => roster.update('a', { state: 1 }), MEMBERS | OTHERS, ['a']],
    ['own update', () => roster.update('b', { state: 1 }), MEMBERS | SELF, ['b']],
    ['leave', () => roster.leave('a'), MEMBERS | MEMBER_IDS | OTHERS, ['a']],
    [
      'an info',
      () => roster.update('a', { state: { x: 1 }, n: 0, info: 'A' }),
      MEMBERS | OTHERS,
      ['a'],
    ],
    ['an own info', () => roster.update('b', { n: 0, info: 'B' }), MEMBERS | SELF, ['b']],
    [
      'no info where there is none',
      () => roster.update('a', { state: { x: 1 }, n: 0, info: null }),
      0,
      [],
    ],
    ['a join of one who is there', () => roster.join('a', { state: 1 }), MEMBERS | OTHERS, ['a']],
    ['an update of one who is not', () => roster.update('z', { state: 1 }), 0, []],
    ['an update that says what is known', () => roster.update('a', { state: { x: 1 } }), 0, []],
    ['an own update that says what is known', () => roster.update('b', {}), 0, []],
    ['a join that says what is known', () => roster.join('c', { state: null }), 0, []],
    ['a leave of one who is not', () => roster.leave('z'), 0, []],
  ])('%s', (_, change, fields, ids) => {
    change();
    const [changed, touched] = roster.settle();
    expect(changed).toBe(fields);
    expect([...touched]).toEqual(ids);
  });
});

it('never has anybody twice, and no ghost', () => {
  roster.join('a', { state: { x: 9 } });
  roster.update('z', { state: 1 });
  expect(roster.memberIds).toEqual(['a', 'b', 'c']);
});

it('gives the same arrays until they change', () => {
  const { members, memberIds, others } = roster;
  expect(roster.members).toBe(members);
  roster.update('b', { state: 1 });
  expect(roster.members).not.toBe(members);
  expect(roster.memberIds).toBe(memberIds);
  expect(roster.others).toBe(others);
  expect(members[1]).toEqual({ id: 'b' });
});

it('is the same, arrays and members, after an update that says what is known', () => {
  const { members, memberIds, others, self } = roster;
  roster.update('a', { state: { x: 1 } });
  roster.update('b', {});
  roster.update('c', { state: null });
  expect(roster.members).toBe(members);
  expect(roster.memberIds).toBe(memberIds);
  expect(roster.others).toBe(others);
  expect(roster.self).toBe(self);
});

describe('what is another state', () => {
  const nested = (depth: number): unknown => {
    let state: unknown = 1;
    for (let i = 0; i < depth; i++) state = [state];
    return state;
  };

  it.each<[string, unknown, unknown, boolean]>([
    ['the same value', 1, 1, false],
    ['another value', 1, 2, true],
    ['null in the place of nothing', undefined, null, true],
    ['an object in the place of null', null, {}, true],
    [
      'the same keys in another order',
      { x: 1, y: [1, { z: 2 }] },
      { y: [1, { z: 2 }], x: 1 },
      false,
    ],
    ['another value deep inside', { x: [{ y: 1 }] }, { x: [{ y: 2 }] }, true],
    ['another key', { x: 1 }, { y: 1 }, true],
    ['one key more', { x: 1 }, { x: 1, y: 1 }, true],
    ['one key less', { x: 1, y: 1 }, { x: 1 }, true],
    ['a list in the place of an object', {}, [], true],
    ['a key of every object', {}, { toString: 1 }, true],
    ['a key that only looks like one', { toString: 1 }, { x: 1 }, true],
    ['a key that every object inherits', JSON.parse('{"__proto__":{}}'), { x: {} }, true],
    ['a list that is longer', [1], [1, 2], true],
    ['what nests too deep to look', nested(20_000), nested(20_000), true],
  ])('%s', (_, before, after, differs) => {
    roster.update('a', { state: before });
    roster.settle();
    roster.update('a', { state: after });
    expect(roster.settle()[0] !== 0).toBe(differs);
    roster.reset('b', [...roster.members.slice(0, 1), { id: 'b' }]);
    expect(roster.get('a')?.state).toBe(differs ? after : before);
  });
});

it('changes nobody else by an update', () => {
  const [a, , c] = roster.members;
  roster.update('b', { state: 1 });
  expect(roster.members[0]).toBe(a);
  expect(roster.members[2]).toBe(c);
});

describe('the numbers of `updates`', () => {
  const updates = (...of: [number, unknown?][]) => roster.take({ t: 'updates', of } as any, false);

  beforeEach(() => {
    roster.reset(
      'b',
      [
        { id: 'a', n: 0 },
        { id: 'b', n: 1 },
      ],
      false,
    );
    roster.join('c', { state: 1, n: 2 });
    roster.settle();
  });

  it('name who was listed with them or came with them', () => {
    updates([2, 'c'], [0, 'a'], [1, 'b']);
    expect(roster.members.map(({ id, state }) => [id, state])).toEqual([
      ['a', 'a'],
      ['b', 'b'],
      ['c', 'c'],
    ]);
    expect([...roster.settle()[1]]).toEqual(['c', 'a', 'b']);
  });

  it('name nobody whom they named before another snapshot', () => {
    roster.reset('b', [{ id: 'b', n: 0 }, { id: 'a' }]);
    roster.settle();
    updates([2, 'c'], [1, 'nobody'], [0, 'b']);
    expect(roster.members).toEqual([{ id: 'a' }, { id: 'b', state: 'b' }]);
    expect(roster.settle()).toEqual([MEMBERS | SELF, new Set(['b'])]);
  });

  it('name nobody who has left or is only kept', () => {
    roster.leave('a');
    roster.reset('b2', [{ id: 'b2', n: 5 }], true);
    roster.settle();
    updates([0, 'a'], [2, 'c']);
    expect(roster.members).toEqual([{ id: 'c', state: 1 }, { id: 'b2' }]);
    expect(roster.settle()[0]).toBe(0);
  });

  it('stay those of whoever is updated by its id', () => {
    roster.update('a', { state: 1 });
    roster.update('c', { state: 1 });
    updates([0, 2]);
    expect(roster.get('a')).toEqual({ id: 'a', state: 2 });
  });
});

it('holds ids that are names of JavaScript', () => {
  roster.join('__proto__', { state: 1 });
  roster.join('constructor', { state: 2 });
  expect(roster.get('__proto__')).toEqual({ id: '__proto__', state: 1 });
  expect(roster.memberIds).toEqual(['a', 'b', 'c', '__proto__', 'constructor']);
});
