import { RoomError } from 'roomful';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { MAX_ENTRIES } from '../../src/shared/feed.js';
import type { CursorState } from '../../src/rooms.gen.js';
import { Visit } from '../../src/shared/visit.js';

const ADA: CursorState = { x: 0, y: 0, name: 'Ada', color: 'rose' };
const open = (send = vi.fn()) => ({ send, status: 'open' as const });

let visit: Visit;
beforeEach(() => {
  vi.stubGlobal('sessionStorage', { getItem: () => null, setItem: vi.fn() });
  visit = new Visit({ name: 'Me', color: 'blue' }, () => 0);
});

const said = () => visit.feed.entries.get().map((entry) => entry.text);
const waiting = () => visit.feed.waiting.get().map(({ text }) => text);

describe('what is said', () => {
  test('waits until the server repeats it, and is then there once', () => {
    const { send } = open();
    expect(visit.say('hello', { send, status: 'open' })).toBe(true);
    expect(send).toHaveBeenCalledWith({ text: 'hello' });
    expect([waiting(), said()]).toEqual([['hello'], []]);
    visit.heard({ text: 'hello', at: 1 }, { id: 'me', state: ADA }, true);
    expect([waiting(), said()]).toEqual([[], ['hello']]);
  });

  test('nothing is nothing', () => {
    const room = open();
    expect(visit.say('  ', room)).toBe(false);
    expect(room.send).not.toHaveBeenCalled();
  });

  test('what cannot be sent does not wait', () => {
    const send = () => visit.refused(new RoomError('closed', 'the room is closed'), undefined);
    expect(visit.say('hello', { send, status: 'closed' })).toBe(false);
    expect(waiting()).toEqual([]);
  });

  test('what was refused comes back with the reason, and what followed it still waits', () => {
    visit.say('too long', open());
    visit.say('fine', open());
    visit.refused(new RoomError('bad_message', 'at most 3 characters, not 8'), undefined);
    expect(visit.refusal.get()).toEqual({
      about: 'line',
      reason: 'at most 3 characters, not 8',
      text: 'too long',
    });
    expect(waiting()).toEqual(['fine']);
  });

  test('what was said without a connection goes out with the next one', () => {
    visit.say('later', { send: vi.fn(), status: 'reconnecting' });
    expect(visit.feed.waiting.get()).toEqual([{ text: 'later', sent: false }]);
    visit.opened();
    expect(visit.feed.waiting.get()).toEqual([{ text: 'later', sent: true }]);
  });

  test('of what was under way when a server was lost nobody knows, and its author has it back', () => {
    visit.say('under way', open());
    visit.say('later', { send: vi.fn(), status: 'reconnecting' });
    visit.refused(new RoomError('lost', 'nobody knows'), undefined);
    expect(waiting()).toEqual(['later']);
    expect(visit.refusal.get()).toMatchObject({ about: 'line', text: 'under way' });
  });

  test('a server without sessions says nothing of it, and neither does one that goes on with one', async () => {
    visit.say('under way', open());
    visit.opened();
    visit.resumed();
    await Promise.resolve();
    expect(waiting()).toEqual(['under way']);
    visit.opened();
    await Promise.resolve();
    expect(waiting()).toEqual([]);
    expect(visit.refusal.get()).toMatchObject({ about: 'line', text: 'under way' });
  });

  test('that something was missed is said', () => {
    visit.missed();
    expect(said()).toEqual(['Something was said that did not reach you']);
  });

  test('a message of no member is an announcement', () => {
    visit.heard({ text: 'lunch', at: 1 }, undefined, false);
    expect(visit.feed.entries.get()[0]).toMatchObject({ kind: 'announced', text: 'lunch' });
  });

  test('only so much is kept', () => {
    for (let line = 0; line < MAX_ENTRIES + 5; line++) visit.feed.notice(`${line}`);
    expect(said().length).toBe(MAX_ENTRIES);
    expect(said().at(-1)).toBe(`${MAX_ENTRIES + 4}`);
    expect(new Set(visit.feed.entries.get().map(({ id }) => id)).size).toBe(MAX_ENTRIES);
  });
});

describe('what is shown', () => {
  test('is where the visitor is and what the visitor is called, at each change', () => {
    const setPresence = vi.fn();
    const stop = visit.show(setPresence);
    visit.move({ x: 0.3, y: 0.4 }, 'mouse');
    expect(setPresence).toHaveBeenLastCalledWith({ x: 0.3, y: 0.4, name: 'Me', color: 'blue' });
    visit.rename(' Ada ');
    expect(setPresence).toHaveBeenLastCalledWith({ x: 0.3, y: 0.4, name: 'Ada', color: 'blue' });
    expect(setPresence).toHaveBeenCalledTimes(2);
    stop();
    visit.move({ x: 0, y: 0 }, 'mouse');
    expect(setPresence).toHaveBeenCalledTimes(2);
  });

  test('a name that is refused goes back to the one that the server has', () => {
    visit.rename('x'.repeat(25));
    visit.refused(new RoomError('bad_presence', 'at most 24 characters, not 25'), {
      id: 'me',
      state: ADA,
    });
    expect(visit.identity.get()).toEqual({ name: 'Ada', color: 'rose' });
    expect(visit.refusal.get()?.about).toBe('name');
    visit.rename('Ben');
    expect(visit.refusal.get()).toBeUndefined();
  });

  test('no name is no change of name', () => {
    visit.rename('   ');
    expect(visit.identity.get().name).toBe('Me');
  });
});
