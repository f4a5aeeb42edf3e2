/** Coming back to a room that has sessions: as who, and with what was said meanwhile. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { board, page } from './support/rooms.js';

const limits = { heartbeat: 25_000, limits: { frame: 65_536 } };
const greeting = (session: string, seq: number, resumed = false) => ({
  ...limits,
  session,
  seq,
  resumed,
});
const say = (seq: number, msg: string) => ({ t: 'msg', from: 'you', msg, seq });

let here: ReturnType<typeof page>;

beforeEach(() => {
  here = page();
});

/** What the latest connection offers beside the dialect. */
const offered = () => here.socket.protocols.slice(1);

/** The connection is lost, and another one is made. */
function again(): void {
  here.socket.end();
  here.world.wake();
}

describe('where to go on', () => {
  it('is with the token of the last snapshot, and the number of the last message that was heard', () => {
    here.join();
    expect(offered()).toEqual([]);
    here.socket.welcome(undefined, greeting('one', 4));
    again();
    expect(offered()).toEqual(['roomful.resume.one.4']);
    here.socket.welcome(undefined, greeting('two', 9, true));
    again();
    expect(offered()).toEqual(['roomful.resume.two.4']);
    here.socket.welcome(undefined, greeting('three', 9, true));
    here.socket.receive([say(6, 'a'), say(7, 'b')]);
    again();
    expect(offered()).toEqual(['roomful.resume.three.7']);
    here.socket.welcome(undefined, greeting('four', 20));
    again();
    expect(offered()).toEqual(['roomful.resume.four.20']);
  });

  it.each<[string, object]>([
    ['an ack', { t: 'ack', id: 1, seq: 5 }],
    ['a gap', { t: 'gap', epoch: 'another', seq: 5 }],
  ])('is what %s says, too', (_, frame) => {
    here.join();
    here.socket.welcome(undefined, greeting('one', 9));
    here.socket.receive(frame);
    again();
    expect(offered()).toEqual(['roomful.resume.one.5']);
  });

  it('is behind the message that a callback is called with', () => {
    const room = here.join({ onMessage: () => room.reconnect() });
    here.socket.welcome(undefined, greeting('one', 1));
    here.socket.receive([say(2, 'a'), say(3, 'b')]);
    expect(offered()).toEqual(['roomful.resume.one.2']);
  });

  it('is the same again where the snapshot was lost on its way', () => {
    here.join();
    here.socket.welcome(undefined, greeting('one', 1));
    again();
    here.socket.accept();
    again();
    expect(offered()).toEqual(['roomful.resume.one.1']);
  });

  it('is nowhere after a server that has no sessions', () => {
    here.join();
    here.socket.welcome(undefined, greeting('one', 1));
    again();
    here.socket.welcome();
    again();
    expect(offered()).toEqual([]);
  });

  it('stands beside credentials', () => {
    here.join({ credentials: 'k' });
    here.socket.welcome(undefined, greeting('one', 1));
    again();
    expect(offered()).toEqual(['roomful.resume.one.1', 'roomful.auth.aw']);
  });

  it('is one’s own: only who shares a connection shares a session', () => {
    here.join();
    here.join();
    here.socket.welcome(undefined, greeting('one', 1));
    here.join({ share: false });
    expect(offered()).toEqual([]);
    expect(here.sockets).toHaveLength(2);
  });

  it('is given up by nobody who says that it will be back', () => {
    const room = here.join();
    here.socket.welcome(undefined, greeting('one', 1));
    const { socket } = here;
    room.reconnect();
    expect(socket.closes).toEqual([[4900, undefined]]);
    expect(socket.frames).toEqual([]);
    expect(offered()).toEqual(['roomful.resume.one.1']);
  });

  it('is nowhere for whom a newer connection took over', () => {
    const room = here.join();
    here.socket.welcome(undefined, greeting('one', 1));
    here.socket.end(4409, 'taken over', true);
    here.world.advance(100_000);
    expect([here.sockets.length, room.status]).toEqual([1, 'closed']);
  });
});

describe('what the app is told', () => {
  /** What is called, in order, by each of two who share the connection. */
  function joined() {
    const calls: string[] = [];
    for (const who of ['1', '2']) {
      here.join({
        onOpen: () => void calls.push(`open ${who}`),
        onResume: () => void calls.push(`resume ${who}`),
        onMissed: () => void calls.push(`missed ${who}`),
        onMessage: (message: string) => void calls.push(`${message} ${who}`),
      });
    }
    return calls;
  }

  it('is nothing of a session that only begins', () => {
    const calls = joined();
    here.socket.welcome(undefined, greeting('one', 4));
    expect(calls).toEqual(['open 1', 'open 2']);
  });

  it('is that what was said meanwhile follows', () => {
    const calls = joined();
    here.socket.welcome(undefined, greeting('one', 4));
    again();
    calls.length = 0;
    here.socket.accept();
    const snapshot = { t: 'snapshot', self: 'me', members: [{ id: 'me' }] };
    here.socket.receive([{ ...snapshot, ...greeting('two', 5, true) }, say(5, 'hi')]);
    expect(calls).toEqual(['open 1', 'open 2', 'resume 1', 'resume 2', 'hi 1', 'hi 2']);
  });

  it.each<[string, object]>([
    ['came back too late', greeting('two', 9)],
    ['finds a server that has no sessions any more', limits],
  ])('is that messages were missed, where it %s', (_, extra) => {
    const calls = joined();
    here.socket.welcome(undefined, greeting('one', 4));
    again();
    calls.length = 0;
    here.socket.welcome(undefined, extra);
    expect(calls).toEqual(['open 1', 'open 2', 'missed 1', 'missed 2']);
  });

  it('is that messages of another machine were missed', () => {
    const calls = joined();
    here.socket.welcome(undefined, greeting('one', 4));
    calls.length = 0;
    here.socket.receive([{ t: 'gap', epoch: 'e', seq: 7 }, say(8, 'hi')]);
    expect(calls).toEqual(['missed 1', 'missed 2', 'hi 1', 'hi 2']);
  });

  it('is nothing where there are no sessions', () => {
    const calls = joined();
    here.socket.welcome();
    again();
    here.socket.welcome();
    expect(calls).toEqual(['open 1', 'open 2', 'open 1', 'open 2']);
  });

  it('is that its callback threw, and the others are told', () => {
    const onError = vi.fn();
    const onMissed = vi.fn();
    const mistake = () => {
      throw new Error('mine');
    };
    here.join({ onMissed: mistake, onError });
    here.join({ onMissed });
    here.socket.welcome(undefined, greeting('one', 4));
    here.socket.receive({ t: 'gap', epoch: 'e', seq: 7 });
    expect(onError.mock.calls.map(([{ code }]) => code)).toEqual(['callback_failed']);
    expect(onMissed).toHaveBeenCalledOnce();
  });
});

describe('who is in the room', () => {
  const you = { id: 'you', n: 1, state: { x: 1 }, info: 'Ann' };
  const presence = (op: string, more: object = {}) => ({ t: 'presence', op, from: 'you', ...more });

  it('is the same over a resume: no row is made anew', () => {
    const room = here.join();
    here.socket.welcome([you, { id: 'me' }], greeting('one', 4));
    const { members, self, others } = room;
    const changed = vi.fn();
    room.subscribe(changed, ['members', 'memberIds', 'self', 'others']);
    again();
    here.socket.welcome([you, { id: 'me' }], greeting('two', 4, true));
    expect([room.members, room.self, room.others]).toEqual([members, self, others]);
    expect(room.members).toBe(members);
    expect(room.self).toBe(self);
    expect(changed).not.toHaveBeenCalled();
  });

  it('is nobody who has left meanwhile, when it was resumed', () => {
    const room = here.join();
    here.socket.welcome([you, { id: 'me' }], greeting('one', 4));
    again();
    here.socket.welcome([{ id: 'me' }], greeting('two', 4, true));
    expect(room.memberIds).toEqual(['me']);
    expect(here.world.timers).toBe(1);
  });

  it('says who is away, until an update or its leave', () => {
    const room = here.join({}, board);
    here.socket.welcome([{ ...you, away: true } as typeof you, { id: 'me' }], greeting('one', 4));
    const member = { id: 'you', state: { x: 1 }, info: 'Ann' };
    const seen = () => room.member('you').get();
    expect(seen()).toEqual({ ...member, away: true });
    here.socket.receive({ t: 'updates', of: [[1, { x: 1 }]] });
    expect(seen()).toEqual(member);
    here.socket.receive(presence('away'));
    expect(seen()).toEqual({ ...member, away: true });
    const away = seen();
    here.socket.receive(presence('away'));
    expect(seen()).toBe(away);
    here.socket.receive(presence('update', { state: { x: 2 } }));
    expect(seen()).toEqual({ ...member, state: { x: 2 } });
    expect('away' in seen()!).toBe(false);
    here.socket.receive([presence('away'), presence('leave')]);
    expect(seen()).toBeUndefined();
  });

  it('is nobody of whom only an away is heard', () => {
    const room = here.join();
    here.socket.welcome();
    here.socket.receive(presence('away'));
    expect(room.memberIds).toEqual(['me']);
  });
});

describe('what was said', () => {
  const session = { ...limits, session: 'one', seq: 0, resumed: false, acked: 0 };
  const back = (acked?: number) => ({ ...session, session: 'two', resumed: true, acked });
  const msg = (id: number, text: string) => ({ id, t: 'msg', msg: text });
  const presence = (id: number, x: number) => ({ id, t: 'presence', state: { x } });

  it('is numbered where the room has sessions, presence too, and nowhere else', () => {
    const room = here.join({ presence: { x: 1 } });
    room.send('a');
    here.socket.welcome(undefined, session);
    room.send('b');
    expect(here.socket.frames).toEqual([presence(1, 1), msg(2, 'a'), msg(3, 'b')]);
    const plain = here.join({ share: false });
    here.socket.welcome();
    plain.send('a');
    expect(here.socket.frames).toEqual([{ t: 'msg', msg: 'a' }]);
  });

  it('is said again where the server has not received it, in order, before what waited', () => {
    const room = here.join();
    here.socket.welcome(undefined, session);
    for (const text of ['a', 'b', 'c']) room.send(text);
    here.socket.receive({ t: 'ack', id: 1, seq: 0 });
    again();
    room.send('d');
    here.socket.welcome(undefined, back(2));
    expect(here.socket.frames).toEqual([msg(3, 'c'), msg(4, 'd')]);
  });

  it('is a presence again only where the server has not received it', () => {
    const room = here.join({ presence: { x: 1 } });
    here.socket.welcome(undefined, session);
    room.send('a');
    again();
    here.socket.welcome(undefined, back(2));
    expect(here.socket.frames).toEqual([]);
    room.setPresence({ x: 2 });
    here.world.advance(100);
    expect(here.socket.frames).toEqual([presence(3, 2)]);
    again();
    here.socket.welcome(undefined, back(2));
    expect(here.socket.frames).toEqual([presence(3, 2)]);
    again();
    room.setPresence({ x: 3 });
    here.socket.welcome(undefined, back(3));
    expect(here.socket.frames).toEqual([presence(4, 3)]);
  });

  it.each<[string, object, string]>([
    ['the session is gone', back(0), 'other'],
    ['nobody knows any more what was received', back(undefined), 'me'],
    ['there are no sessions any more', limits, 'me'],
  ])('is told as lost, each that had no answer, where %s', (_, extra, self) => {
    const onError = vi.fn();
    const room = here.join({ onError, presence: { x: 1 } });
    here.socket.welcome(undefined, session);
    for (const text of ['a', 'b', 'c']) room.send(text);
    here.socket.receive({ t: 'ack', id: 2, seq: 0 });
    again();
    here.socket.welcome([{ id: self }], extra, self);
    expect(onError.mock.calls.map(([{ code }]) => code)).toEqual(['lost', 'lost']);
    expect(here.socket.frames).toMatchObject([{ t: 'presence', state: { x: 1 } }]);
  });

  it('is told as lost where the room is closed for good, and not where one closes it oneself', () => {
    const onError = vi.fn();
    const mine = here.join({ share: false, onError });
    here.socket.welcome(undefined, session);
    mine.send('a');
    mine.close();
    here.socket.end(1000, '', true);
    expect(onError).not.toHaveBeenCalled();
    const other = here.join({ share: false, onError });
    here.socket.welcome(undefined, session);
    other.send('a');
    here.socket.end(4410, 'removed', true);
    expect(onError.mock.calls.map(([{ code }]) => code)).toEqual(['lost']);
  });

  it('is told of once when it was refused', () => {
    const onError = vi.fn();
    const room = here.join({ onError });
    here.socket.welcome(undefined, session);
    room.send('a');
    const error = { t: 'error', id: 1, code: 'bad_message', reason: 'no' };
    here.socket.receive(error);
    again();
    here.socket.welcome(undefined, back(1));
    here.socket.receive([error, { t: 'ack', id: 1, seq: 0 }]);
    expect(onError.mock.calls.map(([{ code }]) => code)).toEqual(['bad_message']);
  });
});
