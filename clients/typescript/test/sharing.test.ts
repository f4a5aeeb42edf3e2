import { beforeEach, describe, expect, it, vi } from 'vitest';
import { room } from '../src/index.js';
import { microtasks, page } from './support/rooms.js';

let here: ReturnType<typeof page>;

beforeEach(() => {
  here = page();
});

it('is by room and key', () => {
  here.join();
  here.join();
  expect(here.sockets).toHaveLength(1);
  here.join({ key: { boardId: 'other' } });
  here.join({}, room('board', 'chat'));
  here.join({ path: '/elsewhere' });
  here.join({ share: false });
  expect(here.sockets).toHaveLength(5);
});

it('takes keys for equal whatever the order of their params', () => {
  here.join({ key: { a: '1', b: '2' } });
  here.join({ key: { b: '2', a: '1', c: undefined } });
  expect(here.sockets).toHaveLength(1);
});

it('calls the callbacks of each', () => {
  const options = () => ({ onOpen: vi.fn(), onMessage: vi.fn(), onClose: vi.fn() });
  const [one, two] = [options(), options()];
  here.join(one);
  here.join(two);
  here.socket.welcome();
  here.socket.receive({ t: 'msg', from: 'a', msg: 'hi' });
  here.socket.end();
  for (const { onOpen, onMessage, onClose } of [one, two]) {
    expect(onOpen).toHaveBeenCalledOnce();
    expect(onMessage).toHaveBeenCalledExactlyOnceWith('hi', 'a');
    expect(onClose).toHaveBeenCalledOnce();
  }
});

it('tells one who joins later that the room is open, after joining', async () => {
  here.join();
  here.socket.welcome([{ id: 'you' }, { id: 'me' }]);
  const onOpen = vi.fn();
  const late = here.join({ onOpen });
  expect(late.status).toBe('open');
  expect(late.memberIds).toEqual(['you', 'me']);
  expect(onOpen).not.toHaveBeenCalled();
  await microtasks();
  expect(onOpen).toHaveBeenCalledOnce();
});

it('does not tell one who has left meanwhile', async () => {
  here.join();
  here.socket.welcome();
  const onOpen = vi.fn();
  here.join({ onOpen }).leave();
  await microtasks();
  expect(onOpen).not.toHaveBeenCalled();
});

it('begins with the first presence that somebody begins with, and sends the one set last, by whomever', () => {
  const one = here.join({ presence: { x: 1 } });
  here.join({ presence: { x: 2 } });
  const three = here.join();
  here.socket.welcome();
  expect(here.socket.frames).toEqual([{ t: 'presence', state: { x: 1 } }]);
  here.world.advance(34);
  three.setPresence({ x: 2 });
  here.world.advance(34);
  one.setPresence({ x: 3 });
  here.join({ presence: { x: 4 } });
  here.world.advance(34);
  expect(here.socket.frames.slice(1)).toEqual([2, 3].map((x) => ({ t: 'presence', state: { x } })));
  here.socket.end();
  here.world.advance(375);
  here.socket.welcome();
  expect(here.socket.frames).toEqual([{ t: 'presence', state: { x: 3 } }]);
});

it('begins with a presence that comes later where there was none', () => {
  here.join();
  here.socket.welcome();
  here.join({ presence: { x: 1 } });
  expect(here.socket.frames).toEqual([{ t: 'presence', state: { x: 1 } }]);
});

it('sends what each sends in one order', () => {
  const [one, two] = [here.join(), here.join()];
  one.send('1');
  two.send('2');
  here.socket.welcome();
  one.send('3');
  expect(here.socket.frames.map((frame) => (frame as { msg: string }).msg)).toEqual([
    '1',
    '2',
    '3',
  ]);
});

it('takes an empty param for an absent one, as the server does', () => {
  here.join({ key: { a: '' } });
  here.join({ key: {} });
  here.join({ key: { a: undefined } });
  expect(here.sockets).toHaveLength(1);
  here.join({ key: { a: '0' } });
  expect(here.sockets).toHaveLength(2);
});

describe('leaving', () => {
  it('of the last one ends the connection', () => {
    const [one, two] = [here.join(), here.join()];
    here.socket.welcome();
    one.leave();
    expect(here.socket.closes).toEqual([]);
    one.leave();
    expect(two.status).toBe('open');
    two.leave();
    expect(here.socket.closes).toEqual([[1000, '']]);
  });

  it('stops the callbacks of the one who leaves', () => {
    const onMessage = vi.fn();
    const one = here.join({ onMessage });
    here.join();
    here.socket.welcome();
    one.leave();
    here.socket.receive({ t: 'msg', from: 'a', msg: 1 });
    expect(onMessage).not.toHaveBeenCalled();
  });

  it('in a callback keeps the others from nothing', () => {
    const onMessage = vi.fn();
    const one = here.join({ onMessage: () => one.leave() });
    here.join({ onMessage });
    here.socket.welcome();
    here.socket.receive({ t: 'msg', from: 'a', msg: 1 });
    expect(onMessage).toHaveBeenCalledOnce();
  });
});

describe('close', () => {
  it('of one of several closes that one', async () => {
    const onClose = vi.fn();
    const changed = vi.fn();
    const one = here.join({ onClose });
    const two = here.join();
    here.socket.welcome();
    one.subscribe(changed, ['status']);
    one.close(4001, 'done');
    expect(one.status).toBe('closed');
    expect(one.members).toEqual([]);
    expect(one.closeInfo).toEqual({ code: 4001, reason: 'done', wasClean: false });
    expect(changed).toHaveBeenCalled();
    expect(onClose).not.toHaveBeenCalled();
    await microtasks();
    expect(onClose.mock.calls).toEqual([[one.closeInfo]]);
    expect(two.closeInfo).toBeUndefined();
    expect(two.status).toBe('open');
    expect(two.memberIds).toEqual(['me']);
    expect(here.socket.closes).toEqual([]);
    two.close();
    expect(here.socket.closes).toEqual([[1000, '']]);
  });
});

describe('reconnecting', () => {
  it('is wanted when one of them wants it', () => {
    const one = here.join({ shouldReconnect: () => false });
    const two = here.join();
    here.socket.welcome();
    here.socket.end();
    expect([one.status, two.status]).toEqual(['reconnecting', 'reconnecting']);
    two.leave();
    here.world.advance(375);
    here.socket.end();
    expect(one.status).toBe('closed');
  });

  it('starts again when somebody joins a room that ran out of attempts', () => {
    const reconnect = { maxRetries: 0 };
    const one = here.join({ reconnect });
    here.socket.end();
    expect(one.status).toBe('closed');
    here.join({ reconnect });
    expect(one.status).toBe('reconnecting');
    here.socket.welcome();
    expect(one.status).toBe('open');
  });

  it('is not for those whom the server refused, when another one tries anew', () => {
    const one = here.join();
    here.socket.end(4401, '', true);
    const two = here.join();
    here.socket.welcome();
    expect(here.sockets).toHaveLength(2);
    expect([one.status, two.status]).toEqual(['closed', 'open']);
    one.leave();
    here.join();
    expect(here.sockets).toHaveLength(2);
  });
});

it('reports an error to each, and to the console only if nobody listens', () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {});
  const onError = vi.fn();
  const one = here.join({ onError });
  here.join();
  here.socket.welcome();
  here.socket.receiveText('broken');
  expect(onError).toHaveBeenCalledOnce();
  expect(log).not.toHaveBeenCalled();
  one.leave();
  here.socket.receiveText('broken');
  expect(log).toHaveBeenCalledOnce();
});
