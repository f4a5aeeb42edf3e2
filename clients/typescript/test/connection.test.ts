/** What is known of a connection, and when its loss is worth a word. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { connectionOf, watchLoss, type Connected } from '../src/connection/health.js';
import type { AnyRoomOptions } from '../src/room/room.js';
import { sourceOf } from '../src/connection/source.js';
import type { CloseInfo, RoomHandle } from '../src/index.js';
import { page, type Board } from './support/rooms.js';

const OFFLINE = { online: false, lostSince: undefined, roundTrip: undefined };

let here: ReturnType<typeof page>;

const known = (connected: Connected) => connectionOf(connected).get();

beforeEach(() => {
  here = page();
});

describe('connection', () => {
  it('is online while it is open, and knows since when it is lost', () => {
    const room = here.join();
    expect(known(room)).toEqual(OFFLINE);
    here.socket.accept();
    expect(known(room)).toEqual(OFFLINE);
    here.socket.receive({ t: 'snapshot', self: 'me', members: [{ id: 'me' }] });
    expect(known(room)).toEqual({ ...OFFLINE, online: true });
    here.world.advance(500);
    const lostSince = here.world.time;
    here.socket.end();
    expect(known(room)).toEqual({ ...OFFLINE, lostSince });
    here.world.advance(375);
    here.socket.end();
    here.world.advance(10_000);
    expect(known(room)).toEqual({ ...OFFLINE, lostSince });
    here.socket.welcome();
    expect(known(room)).toEqual({ ...OFFLINE, online: true });
  });

  it('is lost since the first attempt that failed where none has succeeded', () => {
    const room = here.join();
    here.world.advance(100);
    const lostSince = here.world.time;
    here.socket.end();
    here.world.advance(375);
    here.socket.end();
    expect(known(room)).toEqual({ ...OFFLINE, lostSince });
  });

  it('is lost, and not for good, while attempts go on after the last retry', () => {
    const room = here.join({ reconnect: { maxRetries: 0 } });
    const lostSince = here.world.time;
    here.socket.end();
    here.world.advance(20_000);
    expect(room.status).toBe('closed');
    expect(known(room)).toEqual({ ...OFFLINE, lostSince });
  });

  it.each<[string, (room: RoomHandle<Board>) => void]>([
    ['refused', () => here.socket.end(4403, 'forbidden', true)],
    ['closed', (room) => room.close()],
    ['left', (room) => room.leave()],
  ])('is not lost when it is %s, because it is not to come back', (_, end) => {
    const room = here.join();
    here.socket.welcome();
    end(room);
    expect(known(room)).toEqual(OFFLINE);
  });

  it.each([0, 5])(
    'is not lost any more when it is closed while it is: %d retries',
    (maxRetries) => {
      const room = here.join({ reconnect: { maxRetries } });
      here.socket.end();
      expect(known(room).lostSince).toBeDefined();
      room.close();
      expect(known(room)).toEqual(OFFLINE);
    },
  );

  it('knows how long the last ping took', () => {
    const room = here.join();
    here.socket.welcome([], { heartbeat: 1_000 });
    expect(known(room).roundTrip).toBeUndefined();
    here.world.advance(1_000);
    here.world.advance(42);
    here.socket.receive({ t: 'pong' });
    expect(known(room).roundTrip).toBe(42);
    here.socket.end();
    expect(known(room).roundTrip).toBeUndefined();
  });

  it('is the same object, of which nobody is told, while nothing of it changes', () => {
    const room = here.join();
    here.socket.welcome([], { heartbeat: 1_000 });
    const changed = vi.fn();
    const of = connectionOf(room);
    of.subscribe(changed);
    const connection = of.get();
    here.socket.receive({ t: 'presence', op: 'join', from: 'you' });
    here.socket.receive({ t: 'msg', from: 'you', msg: 'hi' });
    expect(of.get()).toBe(connection);
    expect(changed).not.toHaveBeenCalled();
    const answered = () => {
      here.world.advance(1_000);
      here.socket.receive({ t: 'pong' });
      return of.get();
    };
    const told = answered();
    expect(told).not.toBe(connection);
    answered();
    expect(of.get()).toBe(told);
    here.socket.end();
    expect(of.get().online).toBe(false);
    expect(changed).toHaveBeenCalled();
  });

  it('is a socket’s, too', () => {
    const socket = here.open();
    here.socket.greet();
    expect(known(socket).online).toBe(true);
  });
});

describe('onLost', () => {
  /** A room of which `onLost` is told. */
  function watched(onLost: (info: CloseInfo) => void, options: AnyRoomOptions = {}) {
    const room = here.join(options);
    const stop = watchLoss(sourceOf(room), onLost, here.world);
    return { room, stop };
  }

  const codes = (onLost: ReturnType<typeof vi.fn>) => onLost.mock.calls.map(([{ code }]) => code);

  it('is called once, when a loss has lasted 5 s', () => {
    const onLost = vi.fn();
    watched(onLost, { reconnect: { maxRetries: Infinity } });
    here.socket.welcome();
    here.socket.end(1013);
    here.world.advance(375);
    here.socket.end(1011);
    here.world.advance(4_624);
    expect(onLost).not.toHaveBeenCalled();
    here.world.advance(1);
    expect(codes(onLost)).toEqual([1011]);
    here.socket.end();
    here.world.advance(60_000);
    expect(onLost).toHaveBeenCalledOnce();
    here.socket.welcome();
    here.socket.end();
    here.world.advance(5_000);
    expect(onLost).toHaveBeenCalledTimes(2);
  });

  it('is not called for what is over sooner', () => {
    const onLost = vi.fn();
    watched(onLost);
    for (let i = 0; i < 10; i++) {
      here.socket.welcome();
      here.socket.receive({ t: 'pong' });
      here.socket.end();
      here.world.advance(4_000);
    }
    here.socket.welcome();
    here.world.advance(6_000);
    expect(onLost).not.toHaveBeenCalled();
  });

  it('is called where the first attempt fails, and after the last retry', () => {
    const onLost = vi.fn();
    watched(onLost, { reconnect: { maxRetries: 0 } });
    here.socket.end();
    here.world.advance(5_000);
    expect(codes(onLost)).toEqual([1006]);
  });

  it.each([
    ['refused', 4403],
    ['ended by the server', 1000],
  ])('is not called for what is %s', (_, code) => {
    const onLost = vi.fn();
    watched(onLost);
    here.socket.welcome();
    here.socket.end(code, '', true);
    here.world.advance(60_000);
    expect(onLost).not.toHaveBeenCalled();
    expect(here.world.timers).toBe(0);
  });

  it('is not called for what is closed while it is lost', () => {
    for (const maxRetries of [0, 5]) {
      const onLost = vi.fn();
      const { room } = watched(onLost, { share: false, reconnect: { maxRetries } });
      here.socket.welcome();
      here.socket.end();
      room.close();
      here.world.advance(60_000);
      expect(onLost).not.toHaveBeenCalled();
      expect(here.world.timers).toBe(0);
    }
  });

  it('is called 5 s after the loss, by whomever it is asked for when', () => {
    const [late, stopped] = [vi.fn(), vi.fn()];
    const room = here.join({ reconnect: { maxRetries: Infinity } });
    here.socket.end();
    here.world.advance(4_000);
    watchLoss(sourceOf(room), late, here.world);
    watchLoss(sourceOf(room), stopped, here.world)();
    here.world.advance(999);
    expect(late).not.toHaveBeenCalled();
    here.world.advance(1);
    expect(late).toHaveBeenCalledOnce();
    here.world.advance(60_000);
    expect(late).toHaveBeenCalledOnce();
    expect(stopped).not.toHaveBeenCalled();
  });

  it('tells onError when it throws', () => {
    const onError = vi.fn();
    watched(
      () => {
        throw new Error('mine');
      },
      { onError },
    );
    here.socket.end();
    here.world.advance(5_000);
    expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['callback_failed']);
  });

  it('is called for each user of a connection, once', () => {
    const [one, two] = [vi.fn(), vi.fn()];
    watched(one);
    watched(two);
    here.socket.end();
    here.world.advance(60_000);
    expect([one, two].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });
});
