import { inspect } from 'node:util';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { joinRoom, RoomError, type CloseInfo } from '../src/index.js';
import { board, microtasks, page, url } from './support/rooms.js';
import { fakeSockets } from './support/sockets.js';

const msg = (message: unknown) => ({ t: 'msg', msg: message });
const presence = (state: unknown) => ({ t: 'presence', state });

let here: ReturnType<typeof page>;

beforeEach(() => {
  here = page();
});

/** What `call` throws, as a RoomError. */
function refusal(call: () => void): RoomError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(RoomError);
    return error as RoomError;
  }
  throw new Error('it was not refused');
}

it('joinRoom is what the other tests test', () => {
  const { WebSocket, last, all } = (() => {
    const sockets = fakeSockets();
    const room = joinRoom(board, {
      key: { boardId: 'main' },
      url,
      WebSocket: sockets.WebSocket,
    });
    sockets.last.welcome();
    expect(room.status).toBe('open');
    room.leave();
    return sockets;
  })();
  expect(WebSocket).toBeDefined();
  expect(all).toHaveLength(1);
  expect(last.frames).toEqual([{ t: 'bye' }]);
});

it('offers the dialect and asks for the room', () => {
  here.join();
  expect(here.socket.protocols).toEqual(['roomful.v1']);
  expect(here.socket.url).toBe(
    'ws://roomful.test/__sockets?m=board&s=cursors&r=%7B%22boardId%22%3A%22main%22%7D',
  );
});

it('needs a WebSocket', () => {
  vi.stubGlobal('WebSocket', undefined);
  expect(() => joinRoom(board, { key: { boardId: 'main' }, url })).toThrow(
    /pass one as `WebSocket`/,
  );
  vi.unstubAllGlobals();
});

it('reports an address that the WebSocket refuses, and closes', () => {
  const onError = vi.fn();
  const WebSocket = class {
    constructor() {
      throw new SyntaxError('no such scheme');
    }
  } as never;
  const room = here.join({ WebSocket, onError });
  expect(room.status).toBe('closed');
  expect(onError.mock.calls[0]?.[0]).toMatchObject({
    code: 'connect_failed',
    message: 'cannot connect to ws://roomful.test/__sockets: SyntaxError: no such scheme',
  });
});

it('shows nobody the query of an address that the WebSocket refuses', () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {});
  const WebSocket = class {
    constructor(url: string) {
      throw new SyntaxError(`The URL '${url}' is invalid, as is "${url}".`);
    }
  } as never;
  const onClose = vi.fn();
  const room = here.join({ WebSocket, onClose, path: '/live?token=secret' });
  const [[error]] = log.mock.calls as [[RoomError]];
  expect(inspect([error, room.closeInfo, onClose.mock.calls])).not.toMatch(/secret|token|boardId/);
  expect(room.closeInfo?.reason).toBe(`SyntaxError: The URL 'ws://roomful.test/live`);
});

describe('sending', () => {
  it('waits until the server has said how large a frame may be', () => {
    const room = here.join({ presence: { x: 0 } });
    room.send('one');
    here.socket.accept();
    room.send('two');
    expect(here.socket.sent).toEqual([]);
    here.socket.receive({ t: 'snapshot', self: 'me', members: [{ id: 'me' }] });
    room.send('three');
    expect(here.socket.frames).toEqual([presence({ x: 0 }), msg('one'), msg('two'), msg('three')]);
  });

  it('waits until it is let in by a plain server, too', () => {
    const room = here.join({ presence: { x: 0 } });
    room.send('one');
    here.socket.accept('');
    expect(here.socket.sent).toEqual([]);
    here.socket.receive({ t: 'snapshot', self: 'me', members: [{ id: 'me' }] });
    room.send('two');
    expect(here.socket.frames).toEqual([presence({ x: 0 }), msg('one'), msg('two')]);
  });

  it('has no key for what is undefined, and keeps null', () => {
    const room = here.join();
    here.socket.welcome();
    room.send(undefined as never);
    room.send(null as never);
    expect(here.socket.sent).toEqual(['{"t":"msg"}', '{"t":"msg","msg":null}']);
  });

  it('queues over a reconnect', () => {
    const room = here.join();
    here.socket.welcome();
    here.socket.end();
    room.send('later');
    here.world.advance(375);
    here.socket.welcome();
    expect(here.sockets).toHaveLength(2);
    expect(here.socket.frames).toEqual([msg('later')]);
  });

  it('queues what a socket that is closing would swallow', () => {
    const room = here.join();
    here.socket.welcome();
    here.socket.readyState = 2;
    room.send('kept');
    here.socket.end();
    here.world.advance(375);
    here.socket.welcome();
    expect(here.socket.frames).toEqual([msg('kept')]);
  });

  it('refuses what overflows the queue, to the caller and to onError', () => {
    const onError = vi.fn();
    const room = here.join({ onError });
    for (let i = 0; i < 256; i++) room.send(`${i}`);
    expect(refusal(() => room.send('more')).code).toBe('queue_full');
    expect(onError).toHaveBeenCalledOnce();
    here.socket.welcome();
    expect(here.socket.frames).toHaveLength(256);
    room.send('again');
    expect(here.socket.frames.at(-1)).toEqual(msg('again'));
  });

  it('bounds the queue by its size too', () => {
    const room = here.join();
    const half = 'x'.repeat(600_000);
    room.send(half);
    expect(refusal(() => room.send(half)).code).toBe('queue_full');
  });

  it('bounds what waits in the browser', () => {
    const room = here.join();
    here.socket.welcome();
    here.socket.bufferedAmount = 1 << 20;
    expect(refusal(() => room.send('x')).code).toBe('queue_full');
    expect(refusal(() => room.setPresence({ x: 1 })).code).toBe('queue_full');
    here.socket.bufferedAmount = 0;
    room.send('y');
    expect(here.socket.frames).toEqual([msg('y')]);
  });

  it('refuses what is no JSON', () => {
    const room = here.join();
    expect(refusal(() => room.send(1n as never)).code).toBe('bad_message');
    expect(refusal(() => room.setPresence({ x: 1n } as never)).code).toBe('bad_presence');
  });

  it('refuses to send in a closed room', () => {
    const room = here.join();
    here.socket.welcome();
    here.socket.end(4403, 'forbidden', true);
    expect(refusal(() => room.send('x')).code).toBe('closed');
    expect(() => room.setPresence({ x: 1 })).not.toThrow();
  });
});

describe('the frame limit', () => {
  const limits = { limits: { frame: 60 } };

  it('is counted in bytes of UTF-8', () => {
    const room = here.join();
    here.socket.welcome([], limits);
    const frame = (text: string) => new TextEncoder().encode(JSON.stringify(msg(text))).length;
    const fits = 'é'.repeat(20);
    expect(frame(fits)).toBe(60);
    room.send(fits);
    expect(refusal(() => room.send(fits + 'e')).code).toBe('too_large');
    expect(here.socket.sent).toHaveLength(1);
  });

  it('is remembered while the connection is away', () => {
    const room = here.join();
    here.socket.welcome([], limits);
    here.socket.end();
    expect(refusal(() => room.send('x'.repeat(60))).code).toBe('too_large');
  });

  it('keeps a presence that is too large from ending every connection', () => {
    const onError = vi.fn();
    const room = here.join({ onError, presence: { x: 0, name: 'x'.repeat(60) } });
    room.send('x'.repeat(60));
    room.send('fits');
    here.socket.welcome([], limits);
    expect(here.socket.frames).toEqual([msg('fits')]);
    expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['too_large', 'too_large']);
    here.socket.end();
    here.world.advance(375);
    here.socket.welcome([], limits);
    expect(here.socket.sent).toEqual([]);
    expect(onError).toHaveBeenCalledTimes(2);
  });

  it('does not put a presence that is refused in the place of the last', () => {
    const room = here.join();
    here.socket.welcome([], limits);
    room.setPresence({ x: 1 });
    expect(refusal(() => room.setPresence({ x: 2, name: 'x'.repeat(60) })).code).toBe('too_large');
    here.socket.end();
    here.world.advance(375);
    here.socket.welcome([], limits);
    expect(here.socket.frames).toEqual([presence({ x: 1 })]);
  });
});

describe('presence', () => {
  it('sent again after a reconnect is the last one set, and it is sent once', () => {
    const room = here.join({ presence: { x: 0 } });
    here.socket.welcome();
    room.setPresence({ x: 1 });
    room.setPresence({ x: 2 });
    expect(here.socket.frames).toEqual([0, 1, 2].map((x) => presence({ x })));
    here.socket.end();
    room.setPresence({ x: 3 });
    room.setPresence({ x: 4 });
    here.world.advance(375);
    here.socket.welcome();
    expect(here.socket.frames).toEqual([presence({ x: 4 })]);
  });

  it('that is set in onOpen takes the place of the first', () => {
    const room = here.join({ presence: { x: 0 }, onOpen: () => room.setPresence({ x: 1 }) });
    here.socket.welcome();
    expect(here.socket.frames).toEqual([presence({ x: 1 })]);
  });

  it('is not sent where there is none', () => {
    here.join();
    here.socket.welcome();
    expect(here.socket.sent).toEqual([]);
  });
});

describe('the roster', () => {
  it('is there from the snapshot on', () => {
    const room = here.join();
    here.socket.accept();
    expect(room.self).toBeUndefined();
    expect(room.members).toEqual([]);
    here.socket.receive({
      t: 'snapshot',
      self: 'me',
      members: [{ id: 'a', state: { x: 1 } }, { id: 'me' }],
    });
    expect(room.self).toEqual({ id: 'me' });
    expect(room.memberIds).toEqual(['a', 'me']);
    expect(room.others).toEqual([{ id: 'a', state: { x: 1 } }]);
  });

  it('stays as last known while reconnecting, and is empty in a closed room', () => {
    const room = here.join();
    here.socket.welcome();
    here.socket.end();
    expect(room.status).toBe('reconnecting');
    expect(room.memberIds).toEqual(['me']);
    here.world.advance(375);
    here.socket.welcome([{ id: 'other' }, { id: 'me2' }], {}, 'me2');
    expect(room.memberIds).toEqual(['other', 'me2']);
    here.socket.end(4410, 'removed', true);
    expect(room.members).toEqual([]);
    expect(room.self).toBeUndefined();
  });

  it('tells a subscriber once what came in one message', () => {
    const room = here.join();
    here.socket.welcome();
    const members = vi.fn();
    const ids = vi.fn();
    room.subscribe(members, ['members']);
    const stop = room.subscribe(ids, ['memberIds']);
    here.socket.receive([
      { t: 'presence', op: 'update', from: 'me', state: { x: 1 } },
      { t: 'presence', op: 'update', from: 'me', state: { x: 2 } },
    ]);
    expect(members).toHaveBeenCalledTimes(1);
    expect(ids).not.toHaveBeenCalled();
    here.socket.receive({ t: 'presence', op: 'join', from: 'you' });
    expect(ids).toHaveBeenCalledTimes(1);
    stop();
    here.socket.receive({ t: 'presence', op: 'leave', from: 'you' });
    expect(members).toHaveBeenCalledTimes(3);
    expect(ids).toHaveBeenCalledTimes(1);
  });

  it('is up to date when a message of the same batch is delivered', () => {
    const seen: unknown[] = [];
    const room = here.join({
      onMessage: (_: unknown, from: string) => seen.push(room.member(from).get()),
    });
    here.socket.welcome();
    here.socket.receive([
      { t: 'presence', op: 'join', from: 'you', state: { x: 5 } },
      { t: 'msg', from: 'you', msg: 'hi' },
    ]);
    expect(seen).toEqual([{ id: 'you', state: { x: 5 } }]);
  });
});

describe('a return after the server was restarted', () => {
  /** Three were here; the server named the time to come back, and this one is the first. */
  function returned(more: object = {}) {
    const room = here.join(more);
    here.socket.welcome([{ id: 'a', state: { x: 1 } }, { id: 'me' }, { id: 'c' }]);
    const before = room.members;
    here.socket.end(1012, 'retry=40', true);
    expect(room.members).toBe(before);
    here.world.advance(40);
    here.socket.welcome([{ id: 'me2' }], undefined, 'me2');
    return { room, before };
  }

  it('does not empty the page, whose members come back one by one', () => {
    const counts: number[] = [];
    const { room, before } = returned();
    room.subscribe(() => counts.push(room.members.length), ['memberIds']);
    expect(room.memberIds).toEqual(['a', 'c', 'me2']);
    expect(room.others[0]).toBe(before[0]);
    here.world.advance(500);
    here.socket.receive({ t: 'presence', op: 'join', from: 'a2' });
    expect(room.memberIds).toEqual(['c', 'me2', 'a2']);
    here.world.advance(500);
    here.socket.receive({ t: 'presence', op: 'join', from: 'c2' });
    expect(room.memberIds).toEqual(['me2', 'a2', 'c2']);
    here.world.advance(10_000);
    expect(counts).toEqual([3, 3]);
  });

  it('waits 2 s for who does not come back', () => {
    const { room } = returned();
    const changed = vi.fn();
    const gone = vi.fn();
    room.subscribe(changed, ['memberIds']);
    room.member('a').subscribe(gone);
    here.world.advance(1_999);
    expect(room.memberIds).toEqual(['a', 'c', 'me2']);
    expect(changed).not.toHaveBeenCalled();
    here.world.advance(1);
    expect(room.memberIds).toEqual(['me2']);
    expect(changed).toHaveBeenCalledOnce();
    expect(gone).toHaveBeenCalledOnce();
    expect(room.member('a').get()).toBeUndefined();
  });

  it('has 2 s again after another loss', () => {
    const { room } = returned();
    here.socket.receive({ t: 'presence', op: 'join', from: 'a2' });
    here.world.advance(1_500);
    here.socket.end(1012, 'retry=40', true);
    here.world.advance(40);
    here.socket.welcome([{ id: 'me3' }], undefined, 'me3');
    expect(room.memberIds).toEqual(['a2', 'me3']);
    here.world.advance(1_999);
    expect(room.memberIds).toEqual(['a2', 'me3']);
    here.world.advance(1);
    expect(room.memberIds).toEqual(['me3']);
  });

  it('leaves no timer behind when the room is closed', () => {
    const { room } = returned();
    here.socket.end(4410, 'removed', true);
    expect(room.members).toEqual([]);
    expect(here.world.timers).toBe(0);
  });

  it('keeps nobody in a room that had given up', () => {
    const room = here.join({ reconnect: { maxRetries: 0 } });
    here.socket.welcome([{ id: 'a' }, { id: 'me' }]);
    here.socket.end();
    here.world.wake();
    here.socket.welcome([{ id: 'me2' }], undefined, 'me2');
    expect(room.memberIds).toEqual(['me2']);
  });
});

describe('a member of one’s own choice', () => {
  it('has one binding, before it is there and after', () => {
    const room = here.join();
    const binding = room.member('you');
    expect(room.member('you')).toBe(binding);
    expect(binding.get()).toBeUndefined();
    const changed = vi.fn();
    const stop = binding.subscribe(changed);
    here.socket.welcome();
    expect(changed).not.toHaveBeenCalled();
    here.socket.receive({ t: 'presence', op: 'join', from: 'you', state: { x: 1 } });
    expect(binding.get()).toEqual({ id: 'you', state: { x: 1 } });
    expect(room.member('you')).toBe(binding);
    here.socket.receive({ t: 'presence', op: 'update', from: 'me', state: { x: 1 } });
    expect(changed).toHaveBeenCalledTimes(1);
    here.socket.receive({ t: 'presence', op: 'leave', from: 'you' });
    expect(changed).toHaveBeenCalledTimes(2);
    expect(binding.get()).toBeUndefined();
    stop();
    here.socket.receive({ t: 'presence', op: 'join', from: 'you' });
    expect(changed).toHaveBeenCalledTimes(2);
  });

  it('may be listened to again after it has left and been forgotten', () => {
    const room = here.join();
    here.socket.welcome();
    const binding = room.member('you');
    here.socket.receive({ t: 'presence', op: 'join', from: 'you' });
    here.socket.receive({ t: 'presence', op: 'leave', from: 'you' });
    const changed = vi.fn();
    const stop = binding.subscribe(changed);
    here.socket.receive({ t: 'presence', op: 'join', from: 'you', state: { x: 1 } });
    expect(changed).toHaveBeenCalledTimes(1);
    expect(binding.get()).toEqual(room.member('you').get());
    stop();
    here.socket.receive({ t: 'presence', op: 'update', from: 'you', state: { x: 2 } });
    expect(changed).toHaveBeenCalledTimes(1);
  });

  it('is told when the room closes', () => {
    const room = here.join();
    here.socket.welcome();
    const changed = vi.fn();
    room.member('me').subscribe(changed);
    here.socket.end(4410, '', true);
    expect(changed).toHaveBeenCalledTimes(1);
    expect(room.member('me').get()).toBeUndefined();
  });
});

describe('opening', () => {
  it.each(['roomful.v1', ''])('is the first frame and not the handshake, in %j', (protocol) => {
    const onOpen = vi.fn();
    const room = here.join({ onOpen });
    here.socket.accept(protocol);
    expect(room.status).toBe('connecting');
    expect(onOpen).not.toHaveBeenCalled();
    here.socket.receive({ t: 'snapshot', self: 'me', members: [{ id: 'me' }] });
    expect(room.status).toBe('open');
    expect(onOpen).toHaveBeenCalledOnce();
  });

  it('is a message, too, where a plain server tells of one before it tells who is there', () => {
    const onMessage = vi.fn();
    const room = here.join({ onMessage });
    here.socket.accept('');
    here.socket.receive({ t: 'msg', from: 'a', msg: 'early' });
    expect(onMessage).toHaveBeenCalledExactlyOnceWith('early', 'a');
    expect(room.status).toBe('open');
  });

  it('is never seen by who is denied', () => {
    const seen: string[] = [];
    const [onOpen, onClose] = [vi.fn(), vi.fn()];
    const room = here.join({ onOpen, onClose, presence: { x: 0 } });
    room.subscribe(() => seen.push(room.status), ['status']);
    room.send('hi');
    here.socket.accept();
    here.socket.end(4403, 'forbidden', true);
    expect(seen).toEqual(['closed']);
    expect(onOpen).not.toHaveBeenCalled();
    expect(onClose).toHaveBeenCalledOnce();
    expect(here.socket.sent).toEqual([]);
  });

  it('that does not come within 10 s is not waited for: another connection is made', () => {
    const onClose = vi.fn();
    const room = here.join({ onClose });
    here.socket.accept();
    here.world.advance(9_999);
    expect(onClose).not.toHaveBeenCalled();
    here.world.advance(1);
    expect(onClose.mock.calls).toEqual([
      [{ code: 1006, reason: 'greeting took too long', wasClean: false }],
    ]);
    expect(here.socket.onmessage).toBeNull();
    expect(here.socket.closes).toHaveLength(1);
    here.world.advance(1_000);
    expect(here.sockets).toHaveLength(2);
    here.socket.welcome();
    expect(room.status).toBe('open');
  });

  it('may close the room at once, which then sends nothing', () => {
    const room = here.join({ presence: { x: 0 }, onOpen: () => room.close() });
    room.send('hi');
    here.socket.welcome();
    expect(here.socket.frames).toEqual([{ t: 'bye' }]);
  });
});

describe('losing the connection', () => {
  it('tells onClose at every loss, and keeps the last as closeInfo', () => {
    const onClose = vi.fn();
    const onOpen = vi.fn();
    const room = here.join({ onClose, onOpen });
    expect(room.closeInfo).toBeUndefined();
    here.socket.welcome();
    here.socket.end(1013, 'slow', true);
    expect(room.closeInfo).toEqual({ code: 1013, reason: 'slow', wasClean: true });
    expect(room.status).toBe('reconnecting');
    here.world.advance(375);
    here.socket.welcome();
    expect(room.status).toBe('open');
    here.socket.end(4403, 'forbidden', true);
    expect(room.status).toBe('closed');
    expect(onOpen).toHaveBeenCalledTimes(2);
    expect(onClose.mock.calls.map(([info]) => info.code)).toEqual([1013, 4403]);
    here.world.advance(100_000);
    expect(here.sockets).toHaveLength(2);
  });

  it.each<[string, number[]]>([
    ['closed', [1000, 4000, 4403, 4999]],
    ['reconnecting', [1001, 1005, 1006, 1011, 1012, 1013, 3000, 3999]],
  ])('is %s by default after %j', (status, codes) => {
    for (const code of codes) {
      const room = here.join({ share: false });
      here.socket.welcome();
      here.socket.end(code, '', true);
      expect([code, room.status]).toEqual([code, status]);
    }
  });

  it('takes an option that is undefined for one that is not given', () => {
    const reconnect = { maxRetries: undefined, minDelay: undefined, keepTrying: undefined };
    const undef = { reconnect, onOpen: undefined, onClose: undefined, shouldReconnect: undefined };
    const room = here.join({
      ...undef,
      enabled: undefined,
      share: undefined,
      path: undefined,
    } as object);
    here.socket.welcome();
    here.socket.end();
    here.world.advance(374);
    expect(here.sockets).toHaveLength(1);
    here.world.advance(1);
    expect(here.sockets).toHaveLength(2);
    expect(room.status).toBe('reconnecting');
  });

  it('asks shouldReconnect', () => {
    const asked: CloseInfo[] = [];
    const room = here.join({
      shouldReconnect: (info: CloseInfo) => {
        asked.push(info);
        return info.code === 4401;
      },
    });
    here.socket.welcome();
    here.socket.end(4401, '', true);
    expect(room.status).toBe('reconnecting');
    here.world.advance(375);
    here.socket.welcome();
    here.socket.end();
    expect(room.status).toBe('closed');
    expect(asked.map(({ code }) => code)).toEqual([4401, 1006]);
  });

  it('reconnects when two pings go unanswered, and lets go of the dead socket', () => {
    const onClose = vi.fn();
    const room = here.join({ onClose });
    here.socket.welcome([], { heartbeat: 1_000 });
    const dead = here.socket;
    here.world.advance(1_000);
    here.socket.receiveText('{"t":"pong"}');
    here.world.advance(2_999);
    expect(dead.sent).toEqual(Array(3).fill('{"t":"ping"}'));
    expect(room.status).toBe('open');
    here.world.advance(1);
    expect(room.status).toBe('reconnecting');
    expect(onClose).toHaveBeenCalledWith({
      code: 1006,
      reason: 'pings went unanswered',
      wasClean: false,
    });
    expect(dead.onmessage).toBeNull();
    expect(dead.closes).toEqual([[4900, undefined]]);
  });

  it('gives a dead connection up 5 s after the page woke, and is back at once', () => {
    const onClose = vi.fn();
    const room = here.join({ onClose });
    here.socket.welcome();
    const dead = here.socket;
    here.world.wake();
    here.world.wake();
    expect(dead.frames).toEqual([{ t: 'ping' }]);
    here.world.advance(4_999);
    expect(dead.closes).toEqual([]);
    here.world.advance(1);
    expect(dead.closes).toEqual([[4900, undefined]]);
    expect(onClose.mock.calls.map(([{ code }]) => code)).toEqual([1006]);
    expect(here.sockets).toHaveLength(2);
    expect(room.status).toBe('reconnecting');
    here.socket.welcome();
    expect(room.status).toBe('open');
  });

  it('keeps a connection that answers the page that woke', () => {
    const room = here.join();
    here.socket.welcome();
    here.world.wake();
    here.socket.receiveText('{"t":"pong"}');
    here.world.advance(24_999);
    expect(here.socket.frames).toEqual([{ t: 'ping' }]);
    expect(room.status).toBe('open');
  });

  it('gives an attempt up that hangs when the page wakes', () => {
    const room = here.join();
    const hanging = here.socket;
    here.world.advance(10_000);
    here.world.wake();
    here.world.advance(0);
    expect(hanging.closes).toEqual([[4900, undefined]]);
    expect(here.sockets).toHaveLength(2);
    expect(room.status).toBe('reconnecting');
  });

  it('has no heartbeat with a plain server, which would not answer', () => {
    here.join();
    here.socket.accept('');
    here.socket.receive({ t: 'snapshot', self: 'me', members: [], heartbeat: 1_000 });
    expect(here.world.timers).toBe(0);
  });

  it('comes back at once with the page, also when it had given up', () => {
    const room = here.join({ reconnect: { maxRetries: 0 } });
    here.socket.end();
    expect(room.status).toBe('closed');
    here.world.wake();
    expect(room.status).toBe('reconnecting');
    here.socket.welcome();
    expect(room.status).toBe('open');
  });

  it('retries with the defaults, then once each maxDelay until the server is back', () => {
    const room = here.join();
    here.socket.welcome();
    const [from, attempts]: [number, number[]] = [here.world.time, []];
    here.socket.end();
    room.send('meanwhile');
    while (attempts.length < 7) {
      const before = here.sockets.length;
      while (here.sockets.length === before) here.world.advance(125);
      attempts.push(here.world.time - from);
      expect(room.status).toBe(attempts.length > 5 ? 'closed' : 'reconnecting');
      if (attempts.length < 7) here.socket.end();
    }
    const delays = [375, 625, 1125, 2125, 4125, 30_000, 30_000];
    expect(attempts.map((at, i) => at - (attempts[i - 1] ?? 0))).toEqual(delays);
    expect(room.members).toEqual([]);
    here.socket.welcome();
    expect(room.status).toBe('open');
    expect(room.memberIds).toEqual(['me']);
    expect(here.socket.frames).toEqual([msg('meanwhile')]);
  });

  it('keeps what is sent to a room that goes on trying, within the bounds of the queue', () => {
    const room = here.join({ reconnect: { maxRetries: 0 } });
    here.socket.end();
    expect(room.status).toBe('closed');
    for (let i = 0; i < 256; i++) room.send(`${i}`);
    expect(refusal(() => room.send('more')).code).toBe('queue_full');
    room.setPresence({ x: 1 });
    here.world.advance(30_000);
    here.socket.welcome();
    expect(here.socket.frames).toHaveLength(257);
    expect(here.socket.frames[0]).toEqual(presence({ x: 1 }));
  });

  it('refuses what is sent to a room that does not go on trying', () => {
    const room = here.join({ reconnect: { maxRetries: 0, keepTrying: false } });
    here.socket.end();
    expect(refusal(() => room.send('x')).code).toBe('closed');
    here.world.advance(1_000_000);
    expect(here.sockets).toHaveLength(1);
  });

  it('spends no retry while the browser is offline', () => {
    const room = here.join({ reconnect: { maxRetries: 2, maxDelay: 1_000 } });
    here.socket.welcome();
    here.world.offline = true;
    for (let i = 0; i < 20; i++) {
      here.socket.end();
      here.world.advance(1_000);
    }
    expect(room.status).toBe('reconnecting');
    here.world.offline = false;
    for (let i = 0; i < 3; i++) {
      here.socket.end();
      here.world.advance(1_000);
    }
    expect(room.status).toBe('closed');
  });

  it('does not give up for being cut every 20 s, as some load balancers do', () => {
    const onClose = vi.fn();
    const room = here.join({ onClose });
    for (let i = 0; i < 20; i++) {
      here.socket.welcome();
      here.world.advance(20_000);
      here.socket.end();
      expect(room.status).toBe('reconnecting');
      here.world.advance(500);
    }
    expect(onClose).toHaveBeenCalledTimes(20);
  });

  it('does not give up on a server that answers, however often it is lost', () => {
    const room = here.join();
    for (let i = 0; i < 20; i++) {
      here.socket.welcome();
      here.socket.receive({ t: 'presence', op: 'update', from: 'me', state: { x: i } });
      here.socket.end();
      expect(room.status).toBe('reconnecting');
      here.world.advance(500);
    }
  });

  it('leaves no timer and no listener on the page behind', () => {
    const room = here.join();
    here.socket.welcome();
    expect(here.world.watchers.size).toBe(1);
    room.leave();
    here.socket.end(1000, '', true);
    expect(here.world.timers).toBe(0);
    expect(here.world.watchers.size).toBe(0);
  });

  it('does not wait for ever for a peer that does not answer the close', () => {
    here.join().leave();
    const room = here.join();
    here.socket.welcome();
    room.leave();
    here.world.advance(5_000);
    expect(here.socket.onclose).toBeNull();
    expect(here.world.timers).toBe(0);
    expect(here.world.watchers.size).toBe(0);
  });
});

describe('close', () => {
  it('says bye, closes with its code, and does not come back', () => {
    const onClose = vi.fn();
    const room = here.join({ onClose, shouldReconnect: () => true });
    here.socket.welcome();
    room.close(3007, 'done');
    expect(room.status).toBe('closing');
    expect(here.socket.frames).toEqual([{ t: 'bye' }]);
    expect(here.socket.closes).toEqual([[3007, 'done']]);
    here.socket.end(3007, 'done', true);
    expect(room.status).toBe('closed');
    expect(room.closeInfo).toEqual({ code: 3007, reason: 'done', wasClean: true });
    expect(onClose).toHaveBeenCalledOnce();
    here.world.wake();
    here.world.advance(100_000);
    expect(here.sockets).toHaveLength(1);
    expect(here.world.watchers.size).toBe(0);
  });

  it('says no bye to a plain server, which has no such word', () => {
    const room = here.join();
    here.socket.accept('');
    room.close();
    expect(room.status).toBe('closing');
    expect(here.socket.sent).toEqual([]);
    expect(here.socket.closes).toEqual([[1000, '']]);
  });

  it('closes with 1000 when nothing is said', () => {
    const room = here.join();
    here.socket.welcome();
    room.close();
    expect(here.socket.closes).toEqual([[1000, '']]);
  });

  it.each([0, 999, 1001, 2999, 5000, NaN])('refuses the code %d and stays open', (code) => {
    const room = here.join();
    here.socket.welcome();
    expect(() => room.close(code)).toThrow(RangeError);
    expect(room.status).toBe('open');
  });

  it('refuses a reason over 123 bytes', () => {
    const room = here.join();
    here.socket.welcome();
    expect(() => room.close(4001, 'é'.repeat(62))).toThrow(RangeError);
    room.close(4001, 'é'.repeat(61));
    expect(room.status).toBe('closing');
  });

  it('in a callback ends the batch that it is called in', () => {
    const seen: unknown[] = [];
    const room = here.join({
      onMessage: (message: unknown) => {
        seen.push(message);
        room.close();
      },
    });
    here.socket.welcome();
    here.socket.receive([
      { t: 'msg', from: 'a', msg: 1 },
      { t: 'msg', from: 'a', msg: 2 },
    ]);
    expect(seen).toEqual([1]);
  });

  it('makes room for a new join at once', () => {
    here.join().close();
    const next = here.join();
    here.socket.welcome();
    expect(here.sockets).toHaveLength(2);
    expect(next.status).toBe('open');
  });
});

it('does not connect while it is not enabled', () => {
  const room = here.join({ enabled: false });
  expect(here.sockets).toEqual([]);
  expect(room.status).toBe('closed');
  expect(refusal(() => room.send('x')).code).toBe('closed');
});

describe('leave', () => {
  it('is at once, says bye, and calls nobody', async () => {
    const onClose = vi.fn();
    const onMessage = vi.fn();
    const room = here.join({ onClose, onMessage });
    here.socket.welcome();
    room.leave();
    expect(here.socket.frames).toEqual([{ t: 'bye' }]);
    expect(here.socket.closes).toEqual([[1000, '']]);
    expect(room.status).toBe('closed');
    expect(room.members).toEqual([]);
    here.socket.receive({ t: 'msg', from: 'a', msg: 1 });
    here.socket.end(1000, '', true);
    await microtasks();
    expect(onClose).not.toHaveBeenCalled();
    expect(onMessage).not.toHaveBeenCalled();
    room.leave();
    room.close();
    expect(room.status).toBe('closed');
  });
});

describe('a callback that throws', () => {
  it('is reported, and stops nothing', () => {
    const onError = vi.fn();
    const fail = () => {
      throw new Error('mine');
    };
    const room = here.join({ onError, onMessage: fail, onOpen: fail, onClose: fail });
    const subscriber = vi.fn();
    room.subscribe(fail);
    room.subscribe(subscriber);
    here.socket.welcome();
    here.socket.receive({ t: 'msg', from: 'a', msg: 1 });
    here.socket.end();
    expect(room.status).toBe('reconnecting');
    expect(subscriber).toHaveBeenCalled();
    for (const [error] of onError.mock.calls) {
      expect(error).toMatchObject({ code: 'callback_failed', cause: new Error('mine') });
    }
    expect(onError.mock.calls.length).toBeGreaterThanOrEqual(3);
  });

  it('as shouldReconnect counts as not given', () => {
    const onError = vi.fn();
    const room = here.join({
      onError,
      shouldReconnect: () => {
        throw new Error('mine');
      },
    });
    here.socket.welcome();
    here.socket.end();
    expect(room.status).toBe('reconnecting');
    expect(onError).toHaveBeenCalledOnce();
  });

  it('as onError, or without one, goes to the console', () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const fail = () => {
      throw new Error('mine');
    };
    here.join({ onOpen: fail });
    here.socket.welcome();
    expect(log).toHaveBeenCalledTimes(1);
    here.join({ onError: fail, share: false });
    here.socket.welcome();
    here.socket.receiveText('broken');
    expect(log).toHaveBeenCalledTimes(2);
  });
});
