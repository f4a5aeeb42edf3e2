/** What `send.acked` promises: one answer for each message, whatever becomes of it. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { RoomError, type RoomHandle } from '../src/index.js';
import { microtasks, page, type Board } from './support/rooms.js';

const limits = { heartbeat: 25_000, limits: { frame: 65_536 } };
const session = { ...limits, session: 'one', seq: 0, resumed: false, acked: 0 };
const msg = (id: number, text: string) => ({ id, t: 'msg', msg: text });
const ack = (id: number) => ({ t: 'ack', id, seq: 0 });
const refused = (id: number) => ({ t: 'error', id, code: 'handler_failed', reason: 'no' });

let here: ReturnType<typeof page>;
let answers: string[];

beforeEach(() => {
  here = page();
  answers = [];
});

/** Sends, and notes the answer once there is one. */
function ask(room: RoomHandle<Board>, text: string): void {
  room.send.acked(text).then(
    (answer) => answers.push(`${text} ${answer}`),
    (error) => {
      expect(error).toBeInstanceOf(RoomError);
      answers.push(`${text} ${error.code}`);
    },
  );
}

async function answered(): Promise<string[]> {
  await microtasks();
  return answers.splice(0);
}

const both: [string, object, object][] = [
  ['a room that has sessions', session, { ...session, session: 'two', resumed: true }],
  ['a room that has none', limits, limits],
];

describe.each(both)('in %s it', (_, greeting, back) => {
  it('resolves when the server has handled it, and not before', async () => {
    const room = here.join();
    ask(room, 'waits');
    here.socket.welcome(undefined, greeting);
    for (const text of ['a', 'b', 'c']) ask(room, text);
    expect(here.socket.frames).toEqual(['waits', 'a', 'b', 'c'].map((text, i) => msg(i + 1, text)));
    expect(await answered()).toEqual([]);
    here.socket.receive(ack(3));
    expect(await answered()).toEqual(['waits undefined', 'a undefined', 'b undefined']);
    here.socket.receive(ack(4));
    expect(await answered()).toEqual(['c undefined']);
  });

  it('rejects with what the server says of it, of which onError then hears nothing', async () => {
    const onError = vi.fn();
    const room = here.join({ onError });
    here.socket.welcome(undefined, greeting);
    for (const text of ['a', 'b']) ask(room, text);
    here.socket.receive([refused(2), ack(2)]);
    expect(await answered()).toEqual(['b handler_failed', 'a undefined']);
    expect(onError).not.toHaveBeenCalled();
  });

  it('rejects as lost what was sent and had no answer when one leaves', async () => {
    const room = here.join();
    here.socket.welcome(undefined, greeting);
    ask(room, 'a');
    room.leave();
    expect(await answered()).toEqual(['a lost']);
  });

  it('is answered still when one leaves whom others share the connection with', async () => {
    const room = here.join();
    here.join();
    here.socket.welcome(undefined, greeting);
    ask(room, 'a');
    room.leave();
    here.socket.receive(ack(1));
    expect(await answered()).toEqual(['a undefined']);
  });

  it('rejects as lost where the server ends the connection for good', async () => {
    const onError = vi.fn();
    const room = here.join({ onError });
    here.socket.welcome(undefined, greeting);
    ask(room, 'a');
    here.socket.end(4410, 'removed', true);
    expect(await answered()).toEqual(['a lost']);
    expect(onError).not.toHaveBeenCalled();
  });

  it('goes out after a loss of the connection, where it waited for that', async () => {
    const room = here.join();
    here.socket.welcome(undefined, greeting);
    here.socket.end();
    ask(room, 'a');
    here.world.wake();
    here.socket.welcome(undefined, back);
    expect(here.socket.frames).toEqual([msg(1, 'a')]);
    here.socket.receive(ack(1));
    expect(await answered()).toEqual(['a undefined']);
  });
});

it('is answered over a resume: sent again, and handled once', async () => {
  const room = here.join();
  here.socket.welcome(undefined, session);
  for (const text of ['a', 'b']) ask(room, text);
  here.socket.end();
  here.world.wake();
  here.socket.welcome(undefined, { ...session, session: 'two', resumed: true, acked: 1 });
  expect(here.socket.frames).toEqual([msg(2, 'b')]);
  expect(await answered()).toEqual([]);
  here.socket.receive(ack(2));
  expect(await answered()).toEqual(['a undefined', 'b undefined']);
});

it('is lost with its connection in a room that has no sessions', async () => {
  const room = here.join();
  here.socket.welcome();
  ask(room, 'a');
  here.socket.end();
  here.world.wake();
  here.socket.welcome();
  expect(await answered()).toEqual(['a lost']);
  ask(room, 'b');
  here.socket.receive(ack(2));
  expect(await answered()).toEqual(['b undefined']);
});

it('is lost as soon as it is sent to a plain server, which never answers', async () => {
  const room = here.join();
  ask(room, 'a');
  expect(await answered()).toEqual([]);
  here.socket.accept('');
  here.socket.receive({ t: 'snapshot', self: 'me', members: [{ id: 'me' }] });
  expect(here.socket.frames).toEqual([{ t: 'msg', msg: 'a' }]);
  expect(await answered()).toEqual(['a lost']);
});

it('numbers nothing else in a room that has no sessions', async () => {
  const room = here.join({ presence: { x: 1 } });
  here.socket.welcome();
  room.send('a');
  ask(room, 'b');
  expect(here.socket.frames.slice(1)).toEqual([{ t: 'msg', msg: 'a' }, msg(1, 'b')]);
});

describe('it rejects what is refused, and says nothing of it elsewhere', () => {
  const large = 'x'.repeat(70_000);

  it.each<[string, string, (room: RoomHandle<Board>) => void, unknown]>([
    ['closed', 'in a room that one has left', (room) => room.leave(), 'a'],
    ['closed', 'in a room that one has closed', (room) => room.close(), 'a'],
    ['too_large', 'over the server’s frame limit', () => here.socket.welcome(), large],
    ['bad_message', 'for what JSON cannot say', () => {}, 1n],
    [
      'queue_full',
      'where too much waits',
      (room) => Array.from({ length: 256 }, () => room.send('')),
      'a',
    ],
  ])('as %s %s', async (code, _, before, message) => {
    const onError = vi.fn();
    const room = here.join({ onError });
    before(room);
    await expect(room.send.acked(message as string)).rejects.toMatchObject({ code });
    expect(onError).not.toHaveBeenCalled();
  });

  it('as closed where it still waits when the room is closed', async () => {
    const room = here.join();
    ask(room, 'a');
    room.leave();
    expect(await answered()).toEqual(['a closed']);
  });

  it('as too_large where the server says its limit later', async () => {
    const onError = vi.fn();
    const room = here.join({ onError });
    room.send.acked(large).catch(({ code }) => answers.push(code));
    here.socket.welcome();
    expect(await answered()).toEqual(['too_large']);
    expect(onError).not.toHaveBeenCalled();
  });
});
