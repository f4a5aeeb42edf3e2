/** Sockets, and that they stand on the connection that rooms stand on. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { openSocket } from '../src/index.js';
import { chat, microtasks, page, refusal, url } from './support/rooms.js';
import { fakeSockets } from './support/sockets.js';

let here: ReturnType<typeof page>;

beforeEach(() => {
  here = page();
});

it('openSocket is what the other tests test', () => {
  const { WebSocket, all } = fakeSockets();
  const onMessage = vi.fn();
  const socket = openSocket(chat, { params: { docId: 'a' }, url, WebSocket, onMessage });
  all[0]!.greet();
  all[0]!.receive('hi');
  expect(onMessage).toHaveBeenCalledExactlyOnceWith('hi');
  expect(socket.status).toBe('open');
  socket.close();
  expect(all[0]!.closes).toEqual([[1000, '']]);
});

it('offers the dialect and is selected as a room is', () => {
  here.open();
  expect(here.socket.protocols).toEqual(['roomful.v1']);
  expect(here.socket.url).toBe(
    'ws://roomful.test/__sockets?m=docs&s=chat&r=%7B%22docId%22%3A%22a%22%7D',
  );
});

describe('sending', () => {
  it('waits until the server has said how large a frame may be', () => {
    const socket = here.open();
    socket.send('one');
    here.socket.accept();
    socket.send('two');
    expect(socket.status).toBe('connecting');
    expect(here.socket.sent).toEqual([]);
    here.socket.receive({ t: 'open', heartbeat: 25_000, limits: { frame: 100 } });
    socket.send('three');
    expect(here.socket.sent).toEqual(['"one"', '"two"', '"three"']);
  });

  it('waits only for the handshake of a plain server, which greets with nothing', () => {
    const onOpen = vi.fn();
    const socket = here.open({ onOpen });
    socket.send('one');
    here.socket.accept('');
    expect(socket.status).toBe('open');
    expect(onOpen).toHaveBeenCalledOnce();
    socket.send('two');
    expect(here.socket.sent).toEqual(['"one"', '"two"']);
  });

  it('queues over a reconnect', () => {
    const socket = here.open();
    here.socket.greet();
    here.socket.end();
    expect(socket.status).toBe('reconnecting');
    socket.send('later');
    here.world.advance(375);
    here.socket.greet();
    expect(here.sockets).toHaveLength(2);
    expect(here.socket.sent).toEqual(['"later"']);
  });

  it('refuses what overflows the queue, with a word to onError and without throwing', () => {
    const onError = vi.fn();
    const socket = here.open({ onError });
    for (let i = 0; i < 256; i++) expect(socket.send(i)).toBeUndefined();
    expect(socket.send('more')).toBeUndefined();
    expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['queue_full']);
    here.socket.greet();
    expect(here.socket.sent).toHaveLength(256);
  });

  it.each([
    ['undefined', undefined],
    ['a function', () => {}],
    ['a symbol', Symbol('s')],
    ['what has no JSON', { toJSON: () => undefined }],
    ['a bigint', 1n],
  ])('refuses %s, which JSON cannot say', (_, message) => {
    const socket = here.open();
    expect(refusal(() => socket.send(message)).code).toBe('bad_message');
    here.socket.greet();
    expect(here.socket.sent).toEqual([]);
  });

  it('refuses what is over the frame limit, counted as it is sent', () => {
    const socket = here.open();
    here.socket.greet({ limits: { frame: 10 } });
    socket.send('éééé');
    socket.send({ t: 123 });
    expect(refusal(() => socket.send('ééééé')).code).toBe('too_large');
    expect(refusal(() => socket.send({ t: 1234 })).code).toBe('too_large');
    expect(here.socket.sent).toEqual(['"éééé"', ' {"t":123}']);
  });

  it('tells onError of what was queued and turns out to be too large', () => {
    const onError = vi.fn();
    const socket = here.open({ onError });
    socket.send('far too large');
    socket.send('fits');
    here.socket.greet({ limits: { frame: 8 } });
    expect(here.socket.sent).toEqual(['"fits"']);
    expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['too_large']);
  });

  it('refuses to send when it is closed', () => {
    const socket = here.open();
    here.socket.greet();
    here.socket.end(4403, 'forbidden', true);
    expect(socket.status).toBe('closed');
    expect(refusal(() => socket.send('x')).code).toBe('closed');
  });
});

describe('the connection', () => {
  it('reconnects, asks shouldReconnect, and tells every open and close', () => {
    const [onOpen, onClose] = [vi.fn(), vi.fn()];
    const shouldReconnect = vi.fn(({ code }) => code === 4401);
    const socket = here.open({ onOpen, onClose, shouldReconnect });
    here.socket.greet();
    here.socket.end(4401, 'again', true);
    expect(socket.closeInfo).toEqual({ code: 4401, reason: 'again', wasClean: true });
    here.world.advance(375);
    here.socket.greet();
    here.socket.end();
    expect(socket.status).toBe('closed');
    expect(onOpen).toHaveBeenCalledTimes(2);
    expect(onClose.mock.calls.map(([{ code }]) => code)).toEqual([4401, 1006]);
    expect(here.sockets).toHaveLength(2);
  });

  it('does not open and does not come back when it is denied', () => {
    const onOpen = vi.fn();
    const socket = here.open({ onOpen });
    here.socket.accept();
    here.socket.end(4403, 'forbidden', true);
    here.world.advance(100_000);
    expect(onOpen).not.toHaveBeenCalled();
    expect(socket.status).toBe('closed');
    expect(here.sockets).toHaveLength(1);
  });

  it('pings at the heartbeat of the greeting, and leaves a server that does not answer', () => {
    const socket = here.open();
    here.socket.greet({ heartbeat: 1_000 });
    const dead = here.socket;
    here.world.advance(1_000);
    dead.receiveText('{"t":"pong"}');
    here.world.advance(3_000);
    expect(dead.sent).toEqual(Array(3).fill('{"t":"ping"}'));
    expect(socket.status).toBe('reconnecting');
  });

  it('has no heartbeat with a plain server', () => {
    here.open();
    here.socket.accept('');
    here.socket.receive({ t: 'open', heartbeat: 1_000 });
    expect(here.world.timers).toBe(0);
  });

  it('closes with its code, says nothing of the room’s, and does not come back', () => {
    const onClose = vi.fn();
    const socket = here.open({ onClose, shouldReconnect: () => true });
    here.socket.greet();
    socket.close(3007, 'done');
    expect(socket.status).toBe('closing');
    expect(here.socket.sent).toEqual([]);
    expect(here.socket.closes).toEqual([[3007, 'done']]);
    here.socket.end(3007, 'done', true);
    expect(socket.closeInfo).toEqual({ code: 3007, reason: 'done', wasClean: true });
    here.world.wake();
    here.world.advance(100_000);
    expect(onClose).toHaveBeenCalledOnce();
    expect(here.sockets).toHaveLength(1);
    expect(() => socket.close(999)).toThrow(RangeError);
  });

  it('is left at once, and calls nobody', async () => {
    const [onClose, onMessage] = [vi.fn(), vi.fn()];
    const socket = here.open({ onClose, onMessage });
    here.socket.greet();
    socket.leave();
    here.socket.receive('late');
    here.socket.end(1000, '', true);
    await microtasks();
    expect(onClose).not.toHaveBeenCalled();
    expect(onMessage).not.toHaveBeenCalled();
    expect(here.world.timers + here.world.watchers.size).toBe(0);
  });

  it('is not made while it is not enabled', () => {
    const socket = here.open({ enabled: false });
    expect(here.sockets).toEqual([]);
    expect(socket.status).toBe('closed');
  });

  it('reports a callback that throws, and goes on', () => {
    const onError = vi.fn();
    const onMessage = vi.fn(() => {
      throw new Error('mine');
    });
    here.open({ onError, onMessage });
    here.socket.greet();
    here.socket.receive(1);
    here.socket.receive(2);
    expect(onMessage).toHaveBeenCalledTimes(2);
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ code: 'callback_failed' });
  });

  it('hears nothing more once a callback has closed it', () => {
    const onMessage = vi.fn(() => socket.close());
    const socket = here.open({ onMessage });
    here.socket.greet();
    here.socket.receive(1);
    here.socket.receive(2);
    expect(onMessage).toHaveBeenCalledOnce();
  });
});

describe('lastMessage', () => {
  it('is kept when it is asked for, over reconnects too, and is there in onMessage', () => {
    const seen: unknown[] = [];
    const changed = vi.fn();
    const socket = here.open({
      lastMessage: true,
      onMessage: () => seen.push(socket.lastMessage),
    });
    socket.subscribe(changed, ['lastMessage']);
    expect(socket.lastMessage).toBeUndefined();
    here.socket.greet();
    expect(changed).not.toHaveBeenCalled();
    here.socket.receive({ n: 1 });
    here.socket.receive({ n: 2 });
    expect(seen).toEqual([{ n: 1 }, { n: 2 }]);
    expect(changed).toHaveBeenCalledTimes(2);
    here.socket.end();
    here.world.advance(375);
    here.socket.greet();
    expect(socket.lastMessage).toEqual({ n: 2 });
  });

  it('has not changed when the same is said again', () => {
    const changed = vi.fn();
    const socket = here.open({ lastMessage: true });
    here.socket.greet();
    socket.subscribe(changed);
    here.socket.receive('tick');
    here.socket.receive('tick');
    expect(changed).toHaveBeenCalledOnce();
  });

  it('is not kept otherwise, and a message then changes nothing', () => {
    const changed = vi.fn();
    const socket = here.open();
    here.socket.greet();
    socket.subscribe(changed);
    here.socket.receive('tick');
    expect(socket.lastMessage).toBeUndefined();
    expect(changed).not.toHaveBeenCalled();
  });
});

describe('sharing', () => {
  it('is not done by default', () => {
    here.open();
    here.open();
    here.open({ share: true });
    expect(here.sockets).toHaveLength(3);
  });

  it('with share: true is by socket and params, counted', () => {
    const one = here.open({ share: true });
    const two = here.open({ share: true });
    here.open({ share: true, params: { docId: 'b' } });
    expect(here.sockets).toHaveLength(2);
    const shared = here.sockets[0]!;
    shared.greet();
    one.send('1');
    two.send('2');
    expect(shared.sent).toEqual(['"1"', '"2"']);
    one.leave();
    expect(shared.closes).toEqual([]);
    expect(two.status).toBe('open');
    two.close();
    expect(shared.closes).toEqual([[1000, '']]);
  });

  it('keeps the last message for those who asked for it', () => {
    const one = here.open({ share: true, lastMessage: true });
    const two = here.open({ share: true });
    here.socket.greet();
    here.socket.receive('hi');
    expect([one.lastMessage, two.lastMessage]).toEqual(['hi', undefined]);
  });

  it('never gives a room the connection of a socket', () => {
    here.open({ share: true });
    here.join({ key: { docId: 'a' } } as object, { module: 'docs', name: 'chat' });
    expect(here.sockets).toHaveLength(2);
    expect(here.sockets[0]!.url).toBe(here.sockets[1]!.url);
  });
});
