/** A room as `joinRoom` gives it: its address, its members, its end. */
import { inspect } from 'node:util';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { joinRoom, type RoomError } from '../src/index.js';
import { board, microtasks, page, refusal, url } from './support/rooms.js';
import { fakeSockets } from './support/sockets.js';

let here: ReturnType<typeof page>;

beforeEach(() => {
  here = page();
});

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
  expect(() => joinRoom(board, { key: { boardId: 'main' }, url })).toThrow(/pass `WebSocket`/);
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
    message: 'ws://roomful.test/__sockets: SyntaxError: no such scheme',
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

describe('a member of one’s own choice', () => {
  it('is told to who listens, before it is there and after', () => {
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
    here.socket.receive({ t: 'presence', op: 'update', from: 'me', state: { x: 1 } });
    expect(changed).toHaveBeenCalledTimes(1);
    here.socket.receive({ t: 'presence', op: 'leave', from: 'you' });
    expect(changed).toHaveBeenCalledTimes(2);
    expect(binding.get()).toBeUndefined();
    stop();
    here.socket.receive({ t: 'presence', op: 'join', from: 'you' });
    expect(changed).toHaveBeenCalledTimes(2);
  });

  it('has one binding while it is there, and is forgotten when it has left', () => {
    const room = here.join();
    here.socket.welcome([{ id: 'me' }, { id: 'you' }]);
    const [you, nobody] = [room.member('you'), room.member('nobody')];
    here.socket.receive({ t: 'presence', op: 'update', from: 'you', state: { x: 1 } });
    expect([room.member('you'), room.member('nobody')]).toEqual([you, nobody]);
    expect(room.member('nobody')).toBe(nobody);
    here.socket.receive({ t: 'presence', op: 'join', from: 'another' });
    expect(room.member('you')).toBe(you);
    expect(room.member('nobody')).not.toBe(nobody);
    here.socket.receive({ t: 'presence', op: 'leave', from: 'you' });
    expect(room.member('you')).not.toBe(you);
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
