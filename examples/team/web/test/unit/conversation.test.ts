import { expect, test } from 'vitest';
import { Conversation, PAGE } from '../../src/chat/conversation.js';
import type { Line } from '../../src/rooms.gen.js';

const line = (id: number, text = `${id}`, nonce = `nonce ${id}`): Line => ({
  id,
  by: '1',
  name: 'Ada',
  nonce,
  text,
  at: id,
});
const page = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, nth) => line(from + nth));
const ids = (conversation: Conversation) => conversation.shown.get().lines.map((line) => line.id);
const failing = (code: string) => () =>
  Promise.reject(Object.assign(new Error(`it is ${code}`), { code }));

test('a line that is heard and loaded is shown once, and in its order', async () => {
  const conversation = new Conversation(async () => [line(1), line(2)]);
  conversation.heard({ kind: 'line', ...line(3) });
  conversation.heard({ kind: 'line', ...line(2) });
  await conversation.refresh();
  expect(ids(conversation)).toEqual([1, 2, 3]);
});

test('after a gap that is longer than a page only what is without one is shown', async () => {
  let latest = page(1, 1 + PAGE);
  const conversation = new Conversation(async (before) =>
    before === undefined ? latest : page(before - PAGE, before),
  );
  await conversation.refresh();
  latest = page(40, 40 + PAGE);
  await conversation.refresh();
  expect(ids(conversation)).toEqual(page(1, 40 + PAGE).map(({ id }) => id));
  latest = page(300, 300 + PAGE);
  await conversation.refresh();
  expect(ids(conversation)).toEqual(latest.map(({ id }) => id));
  expect(conversation.shown.get().earlier).toBe(true);
  await conversation.loadEarlier();
  expect(ids(conversation)).toEqual(page(250, 300 + PAGE).map(({ id }) => id));
});

test('what was lost and is in the history was heard, and what is not is for its author to say again', async () => {
  const conversation = new Conversation(async () => [line(1, 'heard', 'a')]);
  conversation.say('heard', failing('lost'), 'a');
  conversation.say('not heard', failing('lost'), 'b');
  await conversation.refresh();
  const { waiting } = conversation.shown.get();
  expect(waiting).toEqual([{ nonce: 'b', text: 'not heard', state: 'lost' }]);
  const said: unknown[] = [];
  conversation.sayAgain(waiting[0]!, async (say) => void said.push(say));
  expect(said).toEqual([{ nonce: 'b', text: 'not heard' }]);
  conversation.heard({ kind: 'line', ...line(2, 'not heard', 'b') });
  expect(conversation.shown.get().waiting).toEqual([]);
});

test('what is refused says why, and can be forgotten', async () => {
  const conversation = new Conversation(async () => []);
  conversation.say('too much', failing('bad_message'), 'a');
  await conversation.refresh();
  expect(conversation.shown.get().waiting).toMatchObject([
    { state: 'refused', why: 'it is bad_message' },
  ]);
  conversation.forget('a');
  expect(conversation.shown.get().waiting).toEqual([]);
  expect(conversation.say('  ', failing('never'))).toBe(false);
});

test('a page that stays open all day does not grow for ever', () => {
  const conversation = new Conversation(async () => []);
  for (let id = 1; id <= 1_200; id++) conversation.heard({ kind: 'line', ...line(id) });
  expect(ids(conversation)).toHaveLength(1_000);
  expect(ids(conversation)[0]).toBe(201);
  expect(conversation.shown.get().earlier).toBe(true);
});
