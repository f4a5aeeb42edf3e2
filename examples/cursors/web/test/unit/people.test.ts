import { beforeEach, describe, expect, test, vi } from 'vitest';
import { faceOf } from '../../src/shared/face.js';
import { People } from '../../src/shared/people.js';
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

const update = (self: string | undefined) => people.update(roster.ids, self, roster.member);
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
