/** When a connection counts as open. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { page } from './support/rooms.js';

let here: ReturnType<typeof page>;

beforeEach(() => {
  here = page();
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
    expect(onClose.mock.calls).toEqual([[{ code: 1006, reason: 'no answer', wasClean: false }]]);
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
