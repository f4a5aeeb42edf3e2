import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { goesOn, initials, whyOut } from '../../src/chat/text.js';
import { TypingSign, whoTypes } from '../../src/chat/typing.js';
import { placeIn } from '../../src/place.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('who stops writing is not typing a while later, and who sends or empties it at once', () => {
  const shown: boolean[] = [];
  const sign = new TypingSign((typing) => shown.push(typing));
  sign.wrote('h');
  vi.advanceTimersByTime(3_000);
  sign.wrote('he');
  vi.advanceTimersByTime(3_000);
  expect(shown).toEqual([true, true]);
  vi.advanceTimersByTime(1_000);
  sign.wrote('');
  sign.wrote('hello');
  sign.stop();
  vi.runAllTimers();
  expect(shown).toEqual([true, true, false, false, true, false]);
});

test('of many who type some are named', () => {
  expect([[], ['Ada'], ['Ada', 'Ben'], ['Ada', 'Ben', 'Cleo']].map(whoTypes)).toEqual([
    '',
    'Ada is typing…',
    'Ada and Ben are typing…',
    'Ada, Ben and others are typing…',
  ]);
});

test('an address is an invitation or a channel, whatever it is', () => {
  expect(placeIn('')).toEqual({ channel: 'general' });
  expect(placeIn('#random')).toEqual({ channel: 'random' });
  expect(placeIn('#join=abc')).toEqual({ invitation: 'abc' });
  expect(placeIn('#%')).toEqual({ channel: '%' });
});

test('a line goes on from the one before where that is its author’s and recent', () => {
  const at = new Date(2026, 0, 1, 12).getTime();
  const line = { id: 1, by: '1', name: 'Ada', nonce: '', text: '', at };
  expect(goesOn(line, undefined)).toBe(false);
  expect(goesOn({ ...line, at: at + 60_000 }, line)).toBe(true);
  expect(goesOn({ ...line, at: at + 600_000 }, line)).toBe(false);
  expect(goesOn({ ...line, by: '2' }, line)).toBe(false);
});

test('a close says why somebody is out, or that nobody is', () => {
  const close = (code: number, reason = '') => whyOut({ code, reason, wasClean: true });
  expect(close(1006)).toBeUndefined();
  expect(close(4403)).toBeUndefined();
  expect(close(4410, 'removed by Ada')).toBe('You were removed by Ada.');
  expect(close(4410, 'signed out')).toBe('You have signed out.');
  expect(close(4401)).toContain('Sign in once more');
  expect(initials('Grace Hopper')).toBe('GH');
});
