/** What a return makes of the room: one that the app asks for, and one to a server that was restarted. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { page } from './support/rooms.js';

const msg = (message: unknown) => ({ t: 'msg', msg: message });

let here: ReturnType<typeof page>;

beforeEach(() => {
  here = page();
});

describe('reconnect', () => {
  it('makes another connection at once, and the old one says nothing more', () => {
    const onClose = vi.fn();
    const onMessage = vi.fn();
    const room = here.join({ onClose, onMessage, shouldReconnect: () => false });
    here.socket.welcome();
    const old = here.socket;
    room.reconnect();
    expect(old.closes).toEqual([[4900, undefined]]);
    expect(old.frames).toEqual([]);
    expect(here.sockets).toHaveLength(2);
    expect(room.status).toBe('reconnecting');
    expect(onClose.mock.calls.map(([{ code }]) => code)).toEqual([1006]);
    expect(room.memberIds).toEqual(['me']);
    room.send('meanwhile');
    here.socket.welcome();
    expect(room.status).toBe('open');
    expect(here.socket.frames).toEqual([msg('meanwhile')]);
    expect(old.onmessage).toBeNull();
    expect(old.onclose).toBeNull();
  });

  it('ends the wait for the next attempt, and for everybody who shares it', () => {
    const [one, two] = [here.join({ reconnect: { maxRetries: 0 } }), here.join()];
    here.socket.end();
    expect(two.status).toBe('closed');
    one.reconnect();
    expect(here.sockets).toHaveLength(2);
    expect(two.status).toBe('reconnecting');
    here.socket.welcome();
    expect(two.status).toBe('open');
  });

  it('may be asked for in any callback, and however often', () => {
    const room = here.join({
      onOpen: () => here.sockets.length < 3 && room.reconnect(),
      onClose: () => room.reconnect(),
    });
    here.socket.welcome();
    here.socket.welcome();
    const { length } = here.sockets;
    here.socket.welcome();
    expect(room.status).toBe('open');
    expect(here.sockets).toHaveLength(length);
    expect(here.sockets.filter(({ readyState }) => readyState < 2)).toHaveLength(1);
  });

  it('leaves a closing handshake to its end', () => {
    const room = here.join();
    here.socket.welcome();
    room.close(4001, 'done');
    room.reconnect();
    expect(room.status).toBe('closing');
    here.socket.end(4001, 'done', true);
    expect(room.closeInfo).toEqual({ code: 4001, reason: 'done', wasClean: true });
    expect(here.sockets).toHaveLength(1);
  });

  it('brings nothing back that is closed for good, or was never to be', () => {
    const refused = here.join();
    here.socket.end(4403, 'forbidden', true);
    const left = here.join();
    left.leave();
    const disabled = here.join({ enabled: false });
    const { length } = here.sockets;
    for (const room of [refused, left, disabled]) room.reconnect();
    expect(here.sockets).toHaveLength(length);
    expect([refused, left, disabled].map(({ status }) => status)).toEqual(Array(3).fill('closed'));
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

  it('keeps nobody whom a later snapshot of the same connection lacks', () => {
    const { room } = returned();
    here.socket.receive({ t: 'presence', op: 'join', from: 'd' });
    here.socket.receive({ t: 'snapshot', self: 'me2', members: [{ id: 'me2' }] });
    expect(room.memberIds).toEqual(['me2']);
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
