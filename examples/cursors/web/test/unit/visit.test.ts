import { RoomError, type Member, type RoomStatus } from 'roomful';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { MAX_ENTRIES } from '../../src/shared/feed.js';
import type { CursorState } from '../../src/rooms.gen.js';
import { Visit } from '../../src/shared/visit.js';

const ADA: CursorState = { x: 0, y: 0, name: 'Ada', color: 'rose' };
const SELF: Member<CursorState> = { id: 'me', state: ADA };

/** A room of which the test says what becomes of each line. */
function room(status: RoomStatus = 'open') {
  const ends: { handled(): Promise<void>; failed(code: string): Promise<void> }[] = [];
  const acked = vi.fn(
    () =>
      new Promise<void>((resolve, reject) =>
        ends.push({
          handled: async () => resolve(),
          failed: async (code) => reject(new RoomError(code, `it is ${code}`)),
        }),
      ),
  );
  return { send: { acked }, status, ends };
}

let visit: Visit;
/** What the person's other tabs are told. */
let stored: string[];
beforeEach(() => {
  stored = [];
  vi.stubGlobal('window', {
    location: { search: '' },
    localStorage: { setItem: (_: string, value: string) => stored.push(value) },
    addEventListener: vi.fn(),
    removeEventListener: vi.fn(),
  });
  visit = new Visit({ name: 'Me', color: 'blue' }, () => 0);
});

const said = () => visit.feed.entries.get().map((entry) => entry.text);
const waiting = () => visit.feed.waiting.get().map(({ text }) => text);

describe('what is said', () => {
  test('waits until the server repeats it, and is then there once', async () => {
    const open = room();
    expect(visit.say('hello', open)).toBe(true);
    expect(open.send.acked).toHaveBeenCalledWith({ text: 'hello' });
    expect([waiting(), said()]).toEqual([['hello'], []]);
    visit.heard({ text: 'hello', at: 1 }, SELF, SELF);
    await open.ends[0]!.handled();
    expect([waiting(), said()]).toEqual([[], ['hello']]);
  });

  test('nothing is nothing', () => {
    const open = room();
    expect(visit.say('  ', open)).toBe(false);
    expect(open.send.acked).not.toHaveBeenCalled();
  });

  test('what was refused comes back with the reason, and what followed it still waits', async () => {
    const open = room();
    visit.say('wrong', open);
    visit.say('fine', open);
    await open.ends[0]!.failed('bad_message');
    expect(visit.refusal.get()).toEqual({
      about: 'line',
      reason: 'it is bad_message',
      text: 'wrong',
    });
    expect(waiting()).toEqual(['fine']);
  });

  test('what was said without a connection goes out with the next one', () => {
    visit.say('later', room('reconnecting'));
    expect(visit.feed.waiting.get()).toMatchObject([{ text: 'later', sent: false }]);
    visit.feed.opened();
    expect(visit.feed.waiting.get()).toMatchObject([{ text: 'later', sent: true }]);
  });

  test('each line of which nobody knows is named, and none that was heard or still waits', async () => {
    const open = room();
    for (const text of ['heard', 'first', 'second']) visit.say(text, open);
    visit.say('offline', { ...open, status: 'reconnecting' });
    visit.heard({ text: 'heard', at: 1 }, SELF, SELF);
    for (const end of open.ends.slice(0, 3)) await end.failed('lost');
    const entries = visit.feed.entries.get().map(({ kind, text }) => [kind, text]);
    expect(entries).toEqual([
      ['said', 'heard'],
      ['lost', 'first'],
      ['lost', 'second'],
    ]);
    expect(waiting()).toEqual(['offline']);
    expect(visit.refusal.get()).toBeUndefined();
  });

  test('a line that was lost can be said again', async () => {
    const open = room();
    visit.say('hello', open);
    await open.ends[0]!.failed('lost');
    visit.sayAgain(visit.feed.entries.get()[0]!, open);
    expect([said(), waiting()]).toEqual([[], ['hello']]);
    expect(open.send.acked).toHaveBeenCalledTimes(2);
  });

  test('that something was missed is said, and what was handled meanwhile was said', async () => {
    const open = room();
    visit.say('handled', open);
    visit.say('offline', { ...open, status: 'reconnecting' });
    visit.feed.missed();
    for (const end of open.ends) await end.handled();
    expect(said()).toEqual(['Something was said that did not reach you', 'handled']);
    expect(waiting()).toEqual(['offline']);
  });

  test('in another tab is one’s own, and answers nothing here', () => {
    visit.say('from here', room());
    const self = { ...SELF, user: 'u' };
    visit.heard({ text: 'from there', at: 1 }, { ...self, id: 'other tab' }, self);
    visit.heard({ text: 'hers', at: 1 }, { ...self, id: 'ada', user: 'ada' }, self);
    expect(visit.feed.entries.get()).toMatchObject([{ mine: true }, { mine: false }]);
    expect(waiting()).toEqual(['from here']);
    // Without users, who is not this tab is somebody else.
    visit.heard({ text: 'a stranger', at: 1 }, { ...SELF, id: 'stranger' }, SELF);
    expect(visit.feed.entries.get().at(-1)).toMatchObject({ mine: false });
  });

  test('a message of no member is an announcement', () => {
    visit.heard({ text: 'lunch', at: 1 }, undefined, SELF);
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

  test('a name is one for the other tabs once the server shows it', () => {
    visit.rename('Ada');
    visit.shown({ x: 0, y: 0, name: 'Me', color: 'blue' });
    expect(stored).toEqual([]);
    visit.shown({ x: 0, y: 0, name: 'Ada', color: 'blue' });
    expect(stored).toEqual(['{"name":"Ada","color":"blue"}']);
  });

  test('no name is no change of name', () => {
    visit.rename('   ');
    expect(visit.identity.get().name).toBe('Me');
  });
});
