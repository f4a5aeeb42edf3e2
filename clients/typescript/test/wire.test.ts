/** The protocol, row by row: what a server may say, and what a client makes of it. */
import { describe, expect, it, vi } from 'vitest';
import { exceeds, type Frame } from '../src/connection/wire.js';
import { readFrames } from '../src/room/wire.js';
import { page } from './support/rooms.js';

const snapshot = { t: 'snapshot', self: 'me', members: [{ id: 'a', state: 1 }, { id: 'me' }] };
const numbered = {
  ...snapshot,
  members: [
    { id: 'a', n: 7, state: 1 },
    { id: 'me', n: 0 },
  ],
};

/** The roster, messages and errors after a server has said so much. */
function hear(...said: unknown[]) {
  const here = page();
  const messages: unknown[] = [];
  const errors: unknown[] = [];
  const room = here.join({
    onMessage: (message: unknown, from: string) => messages.push([message, from]),
    onError: (error: { code: string }) => errors.push(error.code),
  });
  here.socket.accept();
  for (const text of said) {
    here.socket.receiveText(typeof text === 'string' ? text : JSON.stringify(text));
  }
  return { members: room.members, self: room.self, messages, errors, status: room.status };
}

const a = { id: 'a', state: 1 };
const me = { id: 'me' };

describe('frames that a server sends', () => {
  it.each<[string, unknown[], object]>([
    ['snapshot', [snapshot], { members: [a, me], self: me }],
    [
      'snapshot, v1',
      [
        {
          ...snapshot,
          seq: 4,
          epoch: 'e',
          heartbeat: 25000,
          limits: { frame: 65536 },
          resumed: false,
        },
      ],
      { members: [a, me], self: me },
    ],
    [
      'join',
      [snapshot, { from: 'b', t: 'presence', op: 'join', state: { x: 1 } }],
      { members: [a, me, { id: 'b', state: { x: 1 } }] },
    ],
    [
      'join without a state',
      [snapshot, { from: 'b', t: 'presence', op: 'join' }],
      { members: [a, me, { id: 'b' }] },
    ],
    [
      'the echo of one’s own join, which some servers send',
      [snapshot, { from: 'me', t: 'presence', op: 'join' }],
      { members: [a, me] },
    ],
    [
      'update',
      [snapshot, { from: 'a', t: 'presence', op: 'update', state: null }],
      { members: [{ id: 'a', state: null }, me] },
    ],
    [
      'one’s own update',
      [snapshot, { from: 'me', t: 'presence', op: 'update', state: 2 }],
      { self: { id: 'me', state: 2 } },
    ],
    [
      'updates, which name members by number, one’s own too',
      [
        numbered,
        {
          t: 'updates',
          of: [
            [7, { x: 1 }],
            [0, null],
          ],
        },
      ],
      {
        members: [
          { id: 'a', state: { x: 1 } },
          { id: 'me', state: null },
        ],
        self: { id: 'me', state: null },
      },
    ],
    [
      'updates in a batch, of who joins in it',
      [
        numbered,
        [
          { from: 'b', t: 'presence', op: 'join', n: 1, state: 1 },
          { t: 'updates', of: [[1, 2]] },
          { t: 'updates', of: [[1, 3], [7]] },
        ],
      ],
      { members: [{ id: 'a' }, me, { id: 'b', state: 3 }] },
    ],
    [
      'updates that say that there is no state any more',
      [numbered, { t: 'updates', of: [[7]] }],
      { members: [{ id: 'a' }, me] },
    ],
    ['updates of nobody', [numbered, { t: 'updates', of: [] }], { members: [a, me] }],
    [
      'updates of a number that names nobody, beside one that does',
      [
        numbered,
        {
          t: 'updates',
          of: [
            [8, 2],
            [-1, 2],
            [0.5, 2],
            [1e300, 2],
            ['7', 2],
            [true, 2],
            [[7], 2],
            [7, 3],
          ],
        },
      ],
      { members: [{ id: 'a', state: 3 }, me] },
    ],
    [
      'updates, where the snapshot gave no numbers',
      [snapshot, { t: 'updates', of: [[0, 2]] }],
      { members: [a, me] },
    ],
    [
      'a number that is given again after a leave',
      [
        numbered,
        { from: 'a', t: 'presence', op: 'leave' },
        { t: 'updates', of: [[7, 'of nobody']] },
        { from: 'b', t: 'presence', op: 'join', n: 7 },
        { t: 'updates', of: [[7, 'b’s']] },
        { from: 'a', t: 'presence', op: 'update', state: 'nobody’s' },
      ],
      { members: [me, { id: 'b', state: 'b’s' }] },
    ],
    [
      'an update by id of who has a number',
      [
        numbered,
        { from: 'a', t: 'presence', op: 'update', state: 2 },
        { t: 'updates', of: [[7, 3]] },
      ],
      { members: [{ id: 'a', state: 3 }, me] },
    ],
    [
      'away, which keeps the member',
      [snapshot, { from: 'a', t: 'presence', op: 'away' }],
      { members: [a, me] },
    ],
    ['leave', [snapshot, { from: 'a', t: 'presence', op: 'leave' }], { members: [me] }],
    [
      'msg',
      [snapshot, { from: 'a', t: 'msg', msg: { x: 1 }, seq: 9 }],
      { messages: [[{ x: 1 }, 'a']] },
    ],
    ['msg of null', [snapshot, { from: 'a', t: 'msg', msg: null }], { messages: [[null, 'a']] }],
    ['msg of nothing', [snapshot, { from: 'a', t: 'msg' }], { messages: [[undefined, 'a']] }],
    ['msg from no member', [snapshot, { from: '', t: 'msg', msg: 1 }], { messages: [[1, '']] }],
    ['ack', [snapshot, { t: 'ack', id: 4 }], { members: [a, me] }],
    ['pong', [snapshot, '{"t":"pong"}'], { members: [a, me] }],
    [
      'a batch, in order',
      [
        [
          snapshot,
          { from: 'a', t: 'msg', msg: 1 },
          { from: 'a', t: 'presence', op: 'leave' },
          { from: 'a', t: 'presence', op: 'join', state: 2 },
          { from: 'me', t: 'msg', msg: 2 },
        ],
      ],
      {
        members: [me, { id: 'a', state: 2 }],
        messages: [
          [1, 'a'],
          [2, 'me'],
        ],
      },
    ],
    ['an empty batch', [snapshot, []], { members: [a, me] }],
    ['an unknown kind', [snapshot, { t: 'weather', from: 4 }], { members: [a, me] }],
    ['a kind that is a name of JavaScript', [snapshot, { t: '__proto__' }], { members: [a, me] }],
    [
      'an unknown presence op',
      [snapshot, { from: 'a', t: 'presence', op: 'sleep' }],
      { members: [a, me] },
    ],
  ])('%s', (_, said, expected) => {
    expect(hear(...said)).toMatchObject({ ...expected, errors: [], status: 'open' });
  });
});

describe('errors that a server sends', () => {
  it.each([
    'bad_frame',
    'bad_message',
    'bad_presence',
    'rate_limited',
    'too_large',
    'handler_failed',
    'closed',
    'one_that_is_new',
  ])('%s', (code) => {
    expect(hear(snapshot, { t: 'error', code, reason: 'because' }).errors).toEqual([code]);
  });

  it('say why', () => {
    const onError = vi.fn();
    const here = page();
    here.join({ onError });
    here.socket.welcome();
    here.socket.receive({ t: 'error', id: 3, code: 'bad_message', reason: 'x: not a number' });
    expect(onError.mock.calls[0]?.[0].message).toBe('x: not a number');
  });
});

describe('what cannot be read is reported, and the rest goes on', () => {
  it.each<[string, unknown]>([
    ['not JSON', '{"t":'],
    ['nothing', ''],
    ['null', 'null'],
    ['a number', '5'],
    ['no kind', '{}'],
    ['a kind that is no string', '{"t":5}'],
    ['a snapshot without members', '{"t":"snapshot","self":"me"}'],
    ['a snapshot without self', '{"t":"snapshot","members":[]}'],
    ['a snapshot with a broken member', '{"t":"snapshot","self":"me","members":[{"id":5}]}'],
    ['a snapshot with a null member', '{"t":"snapshot","self":"me","members":[null]}'],
    ['presence of nobody', '{"t":"presence","op":"join"}'],
    ['msg of nobody', '{"t":"msg","msg":1}'],
    ['updates of nothing', '{"t":"updates"}'],
    ['updates that are no list', '{"t":"updates","of":{"0":[0,1]}}'],
    ['updates without a number', '{"t":"updates","of":[[]]}'],
    ['updates with a number that is null', '{"t":"updates","of":[[null,1]]}'],
    ['updates with null', '{"t":"updates","of":[null]}'],
    ['updates with a bare number', '{"t":"updates","of":[0]}'],
    ['error without a code', '{"t":"error"}'],
    ['a kind that is nested without end', `{"t":${'['.repeat(1e5)}${']'.repeat(1e5)}}`],
    ['nothing but lists in lists', '['.repeat(1e5) + ']'.repeat(1e5)],
  ])('%s', (_, text) => {
    expect(hear(snapshot, text, { t: 'msg', from: 'a', msg: 'next' })).toMatchObject({
      members: [a, me],
      messages: [['next', 'a']],
      errors: ['unreadable'],
      status: 'open',
    });
  });

  it('a broken frame does not take its batch with it', () => {
    expect(
      hear(snapshot, [{ t: 'msg', from: 'a', msg: 1 }, 5, { t: 'msg', from: 'a', msg: 2 }]),
    ).toMatchObject({
      messages: [
        [1, 'a'],
        [2, 'a'],
      ],
      errors: ['unreadable'],
    });
  });

  it('a binary frame', () => {
    const frames: Frame[] = [];
    const onBad = vi.fn();
    readFrames(new ArrayBuffer(4), true, (frame) => frames.push(frame), onBad);
    expect(frames).toEqual([]);
    expect(onBad).toHaveBeenCalledOnce();
  });
});

describe('a surrogate without its other half', () => {
  it.each<[string, unknown, unknown]>([
    ['alone', '\ud800', '\ufffd'],
    ['the second half', 'a\udfffb', 'a\ufffdb'],
    ['two, in the wrong order', '\udc00\ud800', '\ufffd\ufffd'],
    ['before a whole pair', '\ud83d😀', '\ufffd😀'],
    ['in a key', { '\ud800': 1 }, { '\ufffd': 1 }],
    ['deep inside', [{ x: ['\ud800'] }], [{ x: ['\ufffd'] }]],
    ['after a backslash', '\\\ud800', '\\\ufffd'],
    ['none: a text that looks like its escape', '\\ud800 \\\\ud800', '\\ud800 \\\\ud800'],
    ['none: other escapes', '"\n\u0000\u001f\\/', '"\n\u0000\u001f\\/'],
    ['none: a pair', '😀', '😀'],
  ])('%s', (_, said, written) => {
    const here = page();
    const [room, socket] = [here.join(), here.open()];
    const [ofRoom, ofSocket] = here.sockets;
    ofRoom!.welcome();
    ofSocket!.greet();
    room.send(said as string);
    room.setPresence(said as never);
    socket.send(said);
    expect(ofRoom!.frames).toEqual([
      { t: 'msg', msg: written },
      { t: 'presence', state: written },
    ]);
    expect(ofSocket!.frames).toEqual([written]);
  });
});

describe('the size of a frame', () => {
  it.each([
    ['abc', 3, false],
    ['abcd', 3, true],
    ['éé', 4, false],
    ['éé', 3, true],
    ['€', 3, false],
    ['😀', 4, false],
    ['😀', 3, true],
    ['x'.repeat(100_000), Infinity, false],
  ])('case %#', (text, limit, over) => {
    expect(exceeds(text, limit)).toBe(over);
  });
});
