import { beforeEach, describe, expect, test, vi } from 'vitest';
import { faceOf } from '../../src/shared/face.js';
import { everybody, People, type Person } from '../../src/shared/people.js';
import { HandRoster } from './support.js';

let roster: HandRoster;
let told: string[];
let people: People;
let now: number;
beforeEach(() => {
  roster = new HandRoster();
  told = [];
  now = 0;
  people = new People(
    (notice) => told.push(notice),
    () => now,
  );
});

/** Without users everybody is somebody for each connection. */
const update = (
  self: string | undefined,
  here: Person[] = everybody([], roster.ids, roster.member),
) => people.update(here, self, roster.member);
const shown = () => people.rows.get().map(({ id, leaving }) => (leaving ? `${id}, leaving` : id));

describe('the rows', () => {
  test('one’s own is first, the others as they came', () => {
    roster.set('ada', {});
    roster.set('me', {});
    roster.set('ben', {});
    update('me');
    expect(shown()).toEqual(['me', 'ada', 'ben']);
    expect(people.rows.get()[0]).toMatchObject({ mine: true });
  });

  test('who leaves keeps the place until seen going, with the last name', () => {
    for (const id of ['me', 'ada', 'ben']) roster.set(id, {});
    update('me');
    roster.set('ada', { name: 'Ada' });
    roster.delete('ada');
    roster.set('eve', {});
    update('me');
    expect(shown()).toEqual(['me', 'ada, leaving', 'ben', 'eve']);
    expect(people.rows.get()[1]?.face).toEqual({ name: 'Ada', color: 'teal' });
    people.remove('ada');
    expect(shown()).toEqual(['me', 'ben', 'eve']);
  });

  test('nobody is taken away who is here', () => {
    for (const id of ['me', 'ada']) roster.set(id, {});
    update('me');
    people.remove('ada');
    people.remove('mine');
    expect(shown()).toEqual(['me', 'ada']);
  });

  test('over a reconnect one’s own row is the same, and nobody is there twice', () => {
    for (const id of ['me', 'ada']) roster.set(id, {});
    update('me');
    const key = people.rows.get()[0]?.key;
    update(undefined);
    roster.delete('me');
    roster.set('me-again', {});
    update('me-again');
    expect(shown()).toEqual(['me-again', 'ada']);
    expect(people.rows.get()[0]?.key).toBe(key);
    expect(told).toEqual([]);
  });
});

describe('a person in several tabs', () => {
  const me: Person = { key: 'Me', tabs: ['me'], away: false };
  const ada = (tabs: string[], away = false): Person => ({ key: 'Ada', tabs, away });
  beforeEach(() => {
    for (const id of ['me', 'ada-1', 'ada-2']) roster.set(id, { name: id.split('-')[0]! });
    update('me', [me, ada(['ada-1', 'ada-2'])]);
  });
  const rows = () => people.rows.get().map(({ key, id, tabs }) => [key, id, tabs]);

  test('is one row, which says in how many', () => {
    expect(rows()).toEqual([
      ['mine', 'me', 1],
      ['Ada', 'ada-1', 2],
    ]);
    update('me', [{ ...me, tabs: ['me', 'me-2'] }, ada(['ada-2'])]);
    expect(rows()).toEqual([
      ['mine', 'me', 2],
      ['Ada', 'ada-2', 1],
    ]);
    expect(told).toEqual([]);
    expect(roster.listeners('ada-1')).toBe(0);
  });

  test('without one is here as last seen, and is told of when gone, once', () => {
    roster.delete('ada-1');
    roster.delete('ada-2');
    update('me', [me, ada([])]);
    expect(people.rows.get()[1]).toMatchObject({ tabs: 0, leaving: false, face: { name: 'ada' } });
    expect(told).toEqual([]);
    roster.set('ada-3', { name: 'ada' });
    update('me', [me, ada(['ada-3'])]);
    expect(told).toEqual([]);
    update('me', [me]);
    expect(told).toEqual(['ada left']);
    expect(people.rows.get()[1]).toMatchObject({ leaving: true });
  });

  test('who comes back while still seen going is in the same row', () => {
    update('me', [me]);
    update('me', [me, ada(['ada-2'])]);
    expect(rows()[1]).toEqual(['Ada', 'ada-2', 1]);
    expect(people.rows.get()[1]).toMatchObject({ leaving: false });
    people.remove('Ada');
    expect(rows()).toHaveLength(2);
  });

  test('is away when all of them are, and back with the first', () => {
    roster.set('ada-1', { name: 'ada' }, true);
    update('me', [me, ada(['ada-1', 'ada-2'])]);
    expect(people.rows.get()[1]?.away).toBe(false);
    update('me', [me, ada(['ada-1', 'ada-2'], true)]);
    expect(people.rows.get()[1]?.away).toBe(true);
    now = 4_000;
    update('me', [me, ada(['ada-1', 'ada-2'])]);
    expect(told).toEqual(['ada is back after 4 s']);
  });

  test('is one of everybody, beside those who do not say who they are', () => {
    for (const id of roster.ids) roster.set(id, {}, false, id);
    roster.set('nobody', {});
    const users = [
      { user: 'Me', members: ['me'], away: false },
      { user: 'Ada', members: ['ada-1', 'ada-2'], away: true },
    ];
    expect(everybody(users, roster.ids, roster.member)).toEqual([
      me,
      ada(['ada-1', 'ada-2'], true),
      { key: 'nobody', tabs: ['nobody'] },
    ]);
  });
});

describe('what is told', () => {
  test('who was here before is not told of; who comes is, once the name is known', () => {
    roster.set('me', {});
    roster.set('ada', { name: 'Ada' });
    update('me');
    roster.set('ben');
    update('me');
    expect(told).toEqual([]);
    roster.set('ben', { name: 'Ben' });
    roster.set('ben', { name: 'Ben', x: 1 });
    expect(told).toEqual(['Ben joined']);
  });

  test('a leave is told with the last name', () => {
    roster.set('me', {});
    roster.set('ada', { name: 'Ada' });
    update('me');
    roster.set('ada', { name: 'Ada L.' });
    roster.delete('ada');
    update('me');
    expect(told).toEqual(['Ada L. left']);
    expect(roster.listeners('ada')).toBe(0);
  });
});

describe('who is away', () => {
  beforeEach(() => {
    roster.set('me', {});
    roster.set('ada', { name: 'Ada' });
    update('me');
  });

  test('is told of when back, and how long it took', () => {
    roster.set('ada', { name: 'Ada' }, true);
    now = 1_000;
    roster.set('ada', { name: 'Ada', x: 1 }, true);
    now = 3_200;
    roster.set('ada', { name: 'Ada' });
    expect(told).toEqual(['Ada is back after 3 s']);
    roster.set('ada', { name: 'Ada', x: 1 });
    expect(told).toHaveLength(1);
  });

  test('has a face that says so', () => {
    const face = faceOf(roster.member('ada'));
    roster.set('ada', { name: 'Ada' }, true);
    expect(face.get()).toMatchObject({ away: true });
    roster.set('ada', { name: 'Ada' });
    expect(face.get()).not.toHaveProperty('away');
  });

  test('and never comes back is told of as one who left', () => {
    roster.set('ada', { name: 'Ada' }, true);
    roster.delete('ada');
    update('me');
    expect(told).toEqual(['Ada left']);
  });
});

describe('a face', () => {
  test('is the same object while its member moves', () => {
    roster.set('ada', { name: 'Ada' });
    const face = faceOf(roster.member('ada'));
    const before = face.get();
    roster.set('ada', { name: 'Ada', x: 0.9 });
    expect(face.get()).toBe(before);
    roster.set('ada', { name: 'Ada L.', x: 0.9 });
    expect(face.get()).not.toBe(before);
    expect(face.get()?.state).toEqual({ name: 'Ada L.', color: 'teal' });
    roster.delete('ada');
    expect(face.get()).toBeUndefined();
  });

  test('is one for a member, so that a component keeps its subscription', () => {
    const binding = roster.member('ada');
    expect(faceOf(binding)).toBe(faceOf(binding));
    const listener = vi.fn();
    faceOf(binding).subscribe(listener)();
    roster.set('ada', {});
    expect(listener).not.toHaveBeenCalled();
  });
});
