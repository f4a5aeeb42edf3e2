import { expect, test } from 'vitest';
import type { Happening } from '../../src/rooms.gen.js';
import {
  NOTHING_YET,
  describeHappening,
  people,
  remember,
  rememberGap,
} from '../../src/shared/site.js';

const happening = (more: Partial<Happening> = {}): Happening => ({
  board: 'main',
  what: 'came',
  who: null,
  at: 1,
  ...more,
});

test('the latest stands first, and a page that stays open does not grow', () => {
  let lately = NOTHING_YET;
  for (let at = 0; at < 100; at++) lately = remember(lately, happening({ at }));
  expect(lately).toHaveLength(30);
  expect(lately[0]).toMatchObject({ at: 99 });
  expect(new Set(lately.map(({ id }) => id)).size).toBe(30);
});

test('a gap is shown where it is, once, and not before anything else', () => {
  expect(rememberGap(NOTHING_YET)).toBe(NOTHING_YET);
  const once = rememberGap(remember(NOTHING_YET, happening()));
  expect(once.map(({ what }) => what)).toEqual(['missed', 'came']);
  expect(rememberGap(once)).toBe(once);
  expect(remember(once, happening({ what: 'left' })).map(({ what }) => what)).toEqual([
    'left',
    'missed',
    'came',
  ]);
});

test('what happened is said in words, with a name where there is one', () => {
  expect(describeHappening(happening())).toBe('Somebody came to');
  expect(describeHappening(happening({ what: 'left' }))).toBe('Somebody left');
  expect(describeHappening(happening({ what: 'spoke', who: 'Ada' }))).toBe('Ada said something on');
  expect([people(1), people(2)]).toEqual(['1 person', '2 people']);
});
