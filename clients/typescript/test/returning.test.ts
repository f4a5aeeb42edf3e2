/** How a connection is lost, and how it comes back. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { connectionOf, type CloseInfo } from '../src/index.js';
import { microtasks, page, refusal } from './support/rooms.js';

const msg = (message: unknown) => ({ t: 'msg', msg: message });
const presence = (state: unknown) => ({ t: 'presence', state });

let here: ReturnType<typeof page>;

beforeEach(() => {
  here = page();
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
      reason: 'no answer',
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

  it('has no socket and no timer in the back/forward cache, and is back at once with the page', () => {
    const [onClose, changed] = [vi.fn(), vi.fn()];
    const room = here.join({ onClose, reconnect: { maxRetries: 1 } });
    here.socket.welcome();
    const [first, { members }] = [here.socket, room];
    room.subscribe(changed);
    here.world.sleep();
    expect(first.closes).toEqual([[4900, undefined]]);
    expect(first.frames).toEqual([]);
    room.send('on the way');
    here.world.advance(100_000);
    expect([here.world.timers, here.sockets.length]).toEqual([0, 1]);
    expect([onClose.mock.calls, changed.mock.calls]).toEqual([[], []]);
    here.world.wake();
    here.world.wake();
    const gone = { code: 1006, reason: 'pagehide', wasClean: false };
    expect(onClose.mock.calls).toEqual([[gone]]);
    expect(connectionOf(room).get().lostSince).toBe(here.world.now());
    expect([room.status, room.members, here.sockets.length]).toEqual(['reconnecting', members, 2]);
    here.socket.welcome();
    expect(here.socket.frames).toEqual([{ t: 'msg', msg: 'on the way' }]);
  });

  it('goes on with its session after the back/forward cache', () => {
    here.join();
    here.socket.welcome(undefined, { session: 'one', seq: 4, resumed: false, acked: 0 });
    here.world.sleep();
    here.world.wake();
    expect(here.socket.protocols).toContain('roomful.resume.one.4');
  });

  it('makes no connection in the back/forward cache with credentials that come late', async () => {
    let give = (_: string): void => {};
    const credentials = vi.fn(() => new Promise<string>((resolve) => (give = resolve)));
    here.join({ credentials });
    here.world.sleep();
    give('late');
    await microtasks();
    expect([here.world.timers, here.sockets.length]).toEqual([0, 0]);
    here.world.wake();
    give('new');
    await microtasks();
    expect([credentials.mock.calls.length, here.sockets.length]).toEqual([2, 1]);
  });

  it('stays away after the back/forward cache where shouldReconnect says so', () => {
    const room = here.join({ shouldReconnect: () => false });
    here.socket.welcome();
    here.world.sleep();
    here.world.wake();
    expect([room.status, here.sockets.length]).toEqual(['closed', 1]);
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
      expect(here.sockets).toHaveLength(i + 2);
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
