/** What the roster makes of another snapshot: who stays where it was. */
import { beforeEach, describe, expect, it } from 'vitest';
import { MEMBERS, MEMBER_IDS, OTHERS, SELF } from '../src/room/fields.js';
import { NOBODY, createRoster, type Roster } from '../src/room/roster.js';

let roster: Roster;

beforeEach(() => {
  roster = createRoster();
  roster.reset('b', [{ id: 'a', state: { x: 1 } }, { id: 'b' }, { id: 'c', state: null }]);
  roster.settle();
});

describe('the snapshot of a reconnect', () => {
  it('that says nothing new changes nothing', () => {
    const { members, memberIds, others, self } = roster;
    roster.reset('b', [{ id: 'a', state: { x: 1 } }, { id: 'b' }, { id: 'c', state: null }]);
    expect(roster.settle()).toEqual([0, new Set()]);
    expect(roster.members).toBe(members);
    expect(roster.memberIds).toBe(memberIds);
    expect(roster.others).toBe(others);
    expect(roster.self).toBe(self);
  });

  it('keeps those who are as they were', () => {
    const [a, , c] = roster.members;
    roster.reset('b2', [{ id: 'a', state: { x: 1 } }, { id: 'c', state: 7 }, { id: 'b2' }]);
    expect(roster.members[0]).toBe(a);
    expect(roster.members[1]).not.toBe(c);
    expect(roster.self).toEqual({ id: 'b2' });
    const [changed, touched] = roster.settle();
    expect(changed).toBe(MEMBERS | MEMBER_IDS | SELF | OTHERS);
    expect([...touched].sort()).toEqual(['b', 'b2', 'c']);
  });

  it('in another order moves nobody', () => {
    const { members } = roster;
    roster.reset('b', [{ id: 'c', state: null }, { id: 'b' }, { id: 'a', state: { x: 1 } }]);
    expect(roster.members).toBe(members);
    expect(roster.settle()).toEqual([0, new Set()]);
  });

  it('has nobody who has left, and whoever is new behind those who are known', () => {
    const [a, b] = roster.members;
    roster.reset('b', [{ id: 'd' }, { id: 'a', state: { x: 1 } }, { id: 'b' }]);
    expect(roster.members).toEqual([a, b, { id: 'd' }]);
    expect(roster.members[0]).toBe(a);
    expect(roster.settle()).toEqual([MEMBERS | MEMBER_IDS | OTHERS, new Set(['c', 'd'])]);
  });

  it('has nothing of a member that is not there any more', () => {
    roster.update('a', { state: 1, info: 'A', user: 'ann' });
    roster.away('a');
    roster.reset('b', [{ id: 'a' }, { id: 'b' }, { id: 'c', state: null }]);
    expect(roster.get('a')).toEqual({ id: 'a' });
  });
});

describe('the snapshot of a return that keeps who is missing', () => {
  const ids = () => roster.memberIds.join(' ');
  /** Everybody here has another id now, and only so many are back. */
  const back = (...others: string[]) => {
    roster.reset('b2', [{ id: 'b2' }, ...others.map((id) => ({ id }))], true);
    return roster.settle();
  };

  it('lists them as they were and where they were, but not one’s own old entry', () => {
    const [a, , c] = roster.members;
    const [changed, touched] = back();
    expect(ids()).toBe('a c b2');
    expect(roster.members[0]).toBe(a);
    expect(roster.members[1]).toBe(c);
    expect(roster.get('c')).toBe(c);
    expect(roster.others).toEqual([a, c]);
    expect(roster.self).toEqual({ id: 'b2' });
    expect(changed).toBe(MEMBERS | MEMBER_IDS | SELF);
    expect([...touched].sort()).toEqual(['b', 'b2']);
  });

  it('keeps them among those who are here', () => {
    roster.reset('b2', [{ id: 'c', state: 5 }, { id: 'b2' }], true);
    expect(roster.members).toEqual([
      { id: 'a', state: { x: 1 } },
      { id: 'c', state: 5 },
      { id: 'b2' },
    ]);
  });

  it('has one of them less for each newcomer, who was here longest first', () => {
    back('d');
    expect(ids()).toBe('c b2 d');
    roster.join('e', { state: 1 });
    expect(ids()).toBe('b2 d e');
    expect([...roster.settle()[1]].sort()).toEqual(['c', 'e']);
    roster.join('f', { state: 1 });
    expect(ids()).toBe('b2 d e f');
  });

  it('never has more rows than there were, or than there are members', () => {
    back('d', 'e', 'f', 'g');
    expect(ids()).toBe('b2 d e f g');
  });

  it('has nobody twice who comes back as the same', () => {
    back();
    roster.join('c', { state: 7 });
    expect(ids()).toBe('a c b2');
    expect(roster.get('c')).toEqual({ id: 'c', state: 7 });
    roster.forget();
    expect(ids()).toBe('c b2');
  });

  it('follows a leave of them', () => {
    back();
    roster.leave('a');
    expect(ids()).toBe('c b2');
  });

  it('forgets them a moment later', () => {
    back();
    roster.forget();
    expect(roster.members).toEqual([{ id: 'b2' }]);
    const [changed, touched] = roster.settle();
    expect(changed).toBe(MEMBERS | MEMBER_IDS | OTHERS);
    expect([...touched]).toEqual(['a', 'c']);
    expect(roster.get('a')).toBeUndefined();
  });

  it('keeps nobody over two returns', () => {
    back('d');
    roster.reset('b3', [{ id: 'b3' }], true);
    expect(ids()).toBe('d b3');
  });

  it('keeps the places of those who come back later, as the same, and takes nobody’s for them', () => {
    back();
    roster.forget();
    roster.settle();
    roster.join('c', { state: null });
    expect(ids()).toBe('c b2');
    expect(roster.settle()).toEqual([MEMBERS | MEMBER_IDS | OTHERS, new Set(['c'])]);
    roster.join('a', { state: { x: 2 } });
    expect(ids()).toBe('a c b2');
    expect(roster.get('a')).toEqual({ id: 'a', state: { x: 2 } });
  });

  it('keeps the place of one whom a newcomer has replaced', () => {
    back();
    roster.join('d', {});
    expect(ids()).toBe('c b2 d');
    roster.join('a', {});
    expect(ids()).toBe('a c b2 d');
  });

  it('keeps the places over a resume, and not over another return, nor of one who has left', () => {
    back();
    roster.forget();
    roster.reset('b2', [{ id: 'b2' }, { id: 'a' }]);
    expect(ids()).toBe('a b2');
    roster.leave('c');
    roster.join('c', {});
    expect(ids()).toBe('a b2 c');
    back();
    roster.forget();
    roster.reset('b3', [{ id: 'b3' }], true);
    roster.join('c', {});
    roster.join('a', {});
    expect(ids()).toBe('b3 c a');
  });

  it('holds the place of somebody who is nowhere listed for no update', () => {
    back();
    roster.forget();
    roster.settle();
    roster.update('a', { state: 1 });
    roster.away('a');
    expect(roster.get('a')).toBeUndefined();
    expect(roster.settle()).toEqual([0, new Set()]);
  });

  it('has kept nobody when the room closes', () => {
    back();
    roster.settle(true);
    expect(roster.members).toBe(NOBODY);
  });

  it('is only that of a connection’s first frame, and of no resume', () => {
    const frame = { t: 'snapshot', self: 'b2', members: [{ id: 'b2' }] };
    expect(roster.take(frame, false)).toBe(false);
    expect(ids()).toBe('b2');
    roster.reset('b', [{ id: 'a' }, { id: 'b' }]);
    expect(roster.take({ ...frame, resumed: true } as never, true)).toBe(false);
    expect(ids()).toBe('b2');
    roster.reset('b', [{ id: 'a' }, { id: 'b' }]);
    expect(roster.take({ ...frame, resumed: false } as never, true)).toBe(true);
    expect(ids()).toBe('a b2');
  });
});
