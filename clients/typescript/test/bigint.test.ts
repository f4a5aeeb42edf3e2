/** Bigints, which are strings of digits on the wire: where they are made, and what becomes of what is none. */
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  feedBigints,
  liveBigints,
  roomBigints,
  socketBigints,
  type Plan,
  type Plans,
} from '../src/bigint.js';
import { writeBigints } from '../src/bigint/json.js';
import { revive } from '../src/bigint/revive.js';
import { reread, write } from '../src/connection/wire.js';
import { feedMaker } from '../src/hook/feed.js';
import { liveMaker } from '../src/hook/live.js';
import { roomMaker } from '../src/hook/room.js';
import { socketMaker } from '../src/hook/socket.js';
import { feed, live, room, socket, type RoomError } from '../src/index.js';
import { microtasks, page } from './support/rooms.js';

const MOST = 18446744073709551615n;

describe('what is written', () => {
  beforeAll(writeBigints);

  const digits = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}` : part)));

  it('has the digits for everybody, and bigints again for whom wrote it', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('\0', '1', '"', '\\', ' ', ':', '-', 'u0000', 'é') }),
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.bigInt(),
        text,
        fc.constantFrom(null, true, 0, 1.5, '', '1', ' 1', '\0', '\x001', '\0\0'),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(
          text.filter((key) => key !== '__proto__'),
          tie('value'),
          { maxKeys: 4 },
        ),
      ),
    }));
    fc.assert(
      fc.property(value, (value) => {
        expect(JSON.parse(write(value))).toEqual(digits(value));
        expect(reread(write(value))).toEqual(value);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is the same where the app has taught JSON about bigints', () => {
    const prototype: { toJSON?: () => unknown } = BigInt.prototype as never;
    prototype.toJSON = () => 'of the app';
    try {
      expect(JSON.parse(write({ id: [7n] }))).toEqual({ id: ['7'] });
      expect(reread(write({ id: [7n] }))).toEqual({ id: [7n] });
    } finally {
      delete prototype.toJSON;
    }
  });

  it('is what JSON writes where there are none, and fails as JSON does', () => {
    const circle: unknown[] = [1n];
    circle.push(circle);
    expect(write({ a: '\0', b: [' '] })).toBe('{"a":"\\u0000","b":[" "]}');
    expect(write(undefined)).toBeUndefined();
    expect(() => write(circle)).toThrow(TypeError);
  });
});

describe('what is read', () => {
  const types: Plans = {
    Tree: { object: { id: 'bigint', kids: { list: 'Tree' } } },
  };

  it.each<[string, Plan, unknown, unknown]>([
    ['itself', 'bigint', '-9223372036854775808', -9223372036854775808n],
    ['zero', 'bigint', '0', 0n],
    ['128 bits', 'bigint', '340282366920938463463374607431768211455', (1n << 128n) - 1n],
    ['an option without one', 'bigint', null, null],
    ['a list', { list: 'bigint' }, ['1', null], [1n, null]],
    ['places', { tuple: [null, 'bigint', null] }, ['1', '2', '3'], ['1', 2n, '3']],
    ['a shorter list', { tuple: [null, 'bigint'] }, ['1'], ['1']],
    ['a map', { map: { list: 'bigint' } }, { a: ['1'], '2': [] }, { a: [1n], '2': [] }],
    ['properties', { object: { a: 'bigint', b: 'bigint' } }, { a: '1', c: '2' }, { a: 1n, c: '2' }],
    ['a variant without content', { object: { a: 'bigint' } }, 'a', 'a'],
    [
      'a type that holds itself',
      'Tree',
      { id: '1', kids: [{ id: '2', kids: [] }] },
      { id: 1n, kids: [{ id: 2n, kids: [] }] },
    ],
    [
      'a tag',
      { tag: 't', of: { A: { object: { v: 'bigint' } } } },
      [{ t: 'A', v: '1' }, 1],
      [{ t: 'A', v: '1' }, 1],
    ],
    [
      'a variant by its tag',
      { list: { tag: 't', of: { A: { object: { v: 'bigint' } } } } },
      [{ t: 'A', v: '1' }, { t: 'B', v: '1' }, { t: 'toString', v: '1' }, { v: '1' }],
      [{ t: 'A', v: 1n }, { t: 'B', v: '1' }, { t: 'toString', v: '1' }, { v: '1' }],
    ],
    [
      'parts that are flattened',
      { all: [{ object: { a: 'bigint' } }, { map: 'bigint' }] },
      { a: '1', b: '2' },
      { a: 1n, b: 2n },
    ],
    [
      'one of several',
      { list: { any: ['bigint', { object: { id: 'bigint' } }, { list: 'bigint' }] } },
      ['1', 2, true, { id: 3 }, { id: '3' }, ['4']],
      [1n, 2, true, { id: 3 }, { id: 3n }, [4n]],
    ],
  ])('%s', (_, plan, json, value) => {
    expect(revive(types, plan, JSON.parse(JSON.stringify(json)))).toEqual(value);
  });

  it('keeps a key that is the name of the prototype', () => {
    const read = revive({}, { map: 'bigint' }, JSON.parse('{"__proto__":"1"}')) as object;
    expect(Object.entries(read)).toEqual([['__proto__', 1n]]);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });

  it.each(['', ' 1', '1n', '0x1', '1.5', '+1', '1e3', 'one', 1, true, {}, ['1']])(
    'no digits, and so no bigint: %j',
    (wrong) => expect(() => revive({}, { list: 'bigint' }, [wrong])).toThrow(TypeError),
  );
});

interface Ledger {
  incoming: { pay: bigint };
  outgoing: { paid: bigint };
  presence: { total: bigint; note?: string };
  info: { account: bigint };
}

const types: Plans = {
  Paid: { object: { paid: 'bigint' } },
  Total: { object: { total: 'bigint' } },
};
const ledger = roomBigints(room<Ledger>('bank', 'ledger'), types, {
  outgoing: 'Paid',
  presence: 'Total',
  info: { object: { account: 'bigint' } },
});

describe('a room', () => {
  let here: ReturnType<typeof page>;

  beforeEach(() => {
    here = page();
  });

  const enter = (options: object = {}) => here.join({ key: undefined, ...options }, ledger) as any;
  const me = { id: 'me', state: { total: '1' }, info: { account: '2' }, n: 0 };

  it('has bigints in states, in infos and in messages', () => {
    const onMessage = vi.fn();
    const joined = enter({ onMessage });
    here.socket.welcome([me]);
    here.socket.receive([
      { from: 'b', t: 'presence', op: 'join', state: { total: '3' }, info: { account: '4' }, n: 1 },
      { from: 'c', t: 'presence', op: 'join', n: 2 },
      { from: 'c', t: 'presence', op: 'update', state: { total: `${MOST}` } },
      { t: 'updates', of: [[0, { total: '-5' }], [2]] },
      { from: 'b', t: 'msg', msg: { paid: '6' } },
    ]);
    expect(joined.members).toEqual([
      { id: 'me', state: { total: -5n }, info: { account: 2n } },
      { id: 'b', state: { total: 3n }, info: { account: 4n } },
      { id: 'c' },
    ]);
    expect(onMessage).toHaveBeenCalledExactlyOnceWith({ paid: 6n }, 'b');
  });

  it('says digits', async () => {
    const joined = enter({ presence: { total: MOST } });
    joined.send({ pay: -1n });
    here.socket.welcome([me]);
    joined.setPresence({ total: 2n });
    here.world.advance(1_000);
    joined.updatePresence({ note: '3' });
    await microtasks();
    here.world.advance(1_000);
    expect(here.socket.frames).toEqual([
      { t: 'presence', state: { total: `${MOST}` } },
      { t: 'msg', msg: { pay: '-1' } },
      { t: 'presence', state: { total: '2' } },
      { t: 'presence', state: { total: '2', note: '3' } },
    ]);
  });

  it('makes a presence of the one before, with its bigints: the one shown, or the one set', () => {
    const joined = enter();
    here.socket.welcome([me]);
    const next = vi.fn(({ total }: Ledger['presence']) => ({ total: total + MOST, note: '9' }));
    joined.setPresence(next);
    joined.setPresence(next);
    expect(next.mock.calls).toEqual([[{ total: 1n }], [{ total: 1n + MOST, note: '9' }]]);
  });

  it('changes nothing where a return says the same', () => {
    const joined = enter();
    here.socket.welcome([me]);
    const before = joined.members;
    here.socket.receive({ from: 'me', t: 'presence', op: 'update', state: { total: '1' } });
    expect(joined.members).toBe(before);
  });

  it('gives to onError what has something else in the place of a bigint, and keeps the rest', () => {
    const errors: RoomError[] = [];
    const onMessage = vi.fn();
    const joined = enter({ onMessage, onError: (error: RoomError) => errors.push(error) });
    here.socket.welcome([
      me,
      { id: 'b', state: { total: 7 }, info: { account: '1' }, n: 1 } as any,
    ]);
    expect(joined.status).toBe('open');
    expect(joined.members[1]).toEqual({ id: 'b', info: { account: 1n } });
    here.socket.receive([
      { from: 'me', t: 'presence', op: 'update', state: { total: 'x' } },
      {
        t: 'updates',
        of: [
          [0, { total: '' }],
          [1, { total: '8' }],
        ],
      },
      { from: 'b', t: 'msg', msg: { paid: 9 } },
      { from: 'b', t: 'msg', msg: { paid: '9' } },
    ]);
    expect(joined.members.map(({ state }: any) => state)).toEqual([{ total: 1n }, { total: 8n }]);
    expect(onMessage).toHaveBeenCalledExactlyOnceWith({ paid: 9n }, 'b');
    expect(errors.map(({ code }) => code)).toEqual(Array(4).fill('unreadable'));
    expect(errors[0]!.message).toBe(
      'a bigint cannot be read: TypeError: its place has a number and no digits',
    );
  });
});

it('a socket has bigints, and says digits', () => {
  const here = page();
  const errors: RoomError[] = [];
  const onMessage = vi.fn();
  const ref = socketBigints(socket('bank', 'teller'), {}, { outgoing: { list: 'bigint' } });
  const teller = here.open({ params: undefined, onMessage, onError: (e) => errors.push(e) }, ref);
  here.socket.greet();
  teller.send({ t: 1n });
  here.socket.receive(['1', '2']);
  here.socket.receive([1]);
  expect(here.socket.frames).toEqual([{ t: '1' }]);
  expect(onMessage.mock.calls).toEqual([[[1n, 2n]]]);
  expect(errors.map(({ code }) => code)).toEqual(['unreadable']);
});

it('a feed has bigints, and tells of what is none', () => {
  const here = page();
  const errors: RoomError[] = [];
  const onEvent = vi.fn();
  const ref = feedBigints(feed('bank', 'payments'), {}, { event: { object: { paid: 'bigint' } } });
  here.feed({ key: undefined, onEvent, onError: (e: RoomError) => errors.push(e) }, ref);
  here.socket.begin();
  here.socket.receive([
    { t: 'event', event: { paid: '7' }, seq: 1 },
    { t: 'event', event: { paid: 8 }, seq: 2 },
    { t: 'event', event: { paid: '9' }, seq: 3 },
  ]);
  expect(onEvent.mock.calls).toEqual([[{ paid: 7n }], [{ paid: 9n }]]);
  expect(errors.map(({ code }) => code)).toEqual(['unreadable']);
});

it('a live value has bigints, is compared with them, and stays where there is something else', () => {
  const here = page();
  const errors: RoomError[] = [];
  const ref = liveBigints(live('bank', 'total'), {}, { value: { list: 'bigint' } });
  const options = { initial: [1n], onError: (e: RoomError) => errors.push(e) };
  const total = here.live({ key: undefined, ...options }, ref);
  here.socket.begin();
  here.socket.value(['1'], 1);
  expect(total.value).toBe(options.initial);
  here.socket.value(['2', '3'], 2);
  here.socket.value([4], 3);
  expect(total.value).toEqual([2n, 3n]);
  expect(errors.map(({ code }) => code)).toEqual(['unreadable']);
});

it('a hook joins with the reference that reads bigints', () => {
  const hook = vi.fn();
  const inRoom = roomBigints(roomMaker(hook)<Ledger>('bank', 'ledger'), types, {});
  inRoom.useRoom();
  const onSocket = socketBigints(socketMaker(hook)('bank', 'teller'), types, {});
  onSocket.useSocket();
  const fromFeed = feedBigints(feedMaker(hook)('bank', 'payments'), types, {});
  fromFeed.useFeed();
  const ofValue = liveBigints(liveMaker(hook)('bank', 'total'), types, {});
  ofValue.useLive();
  const all = [inRoom, onSocket, fromFeed, ofValue];
  expect(hook.mock.calls.map(([ref]) => ref)).toEqual(all);
  for (const ref of all) expect(ref).toHaveProperty('read');
});
