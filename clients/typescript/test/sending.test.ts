/** What a room sends: messages, and the presence. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { page, refusal } from './support/rooms.js';

const msg = (message: unknown) => ({ t: 'msg', msg: message });
const presence = (state: unknown) => ({ t: 'presence', state });

let here: ReturnType<typeof page>;

beforeEach(() => {
  here = page();
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

  it('refuses what overflows the queue, with a word to onError and without throwing', () => {
    const onError = vi.fn();
    const room = here.join({ onError });
    for (let i = 0; i < 256; i++) expect(room.send(`${i}`)).toBeUndefined();
    expect(room.send('more')).toBeUndefined();
    expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['queue_full']);
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
    for (const x of [1, 2]) {
      room.setPresence({ x });
      here.world.advance(34);
    }
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
