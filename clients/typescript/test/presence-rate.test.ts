/** How often a presence that keeps changing is sent. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { AnyRoomOptions } from '../src/room/room.js';
import { page } from './support/rooms.js';

/** An open room whose presence frames are written down with their times. */
function opened(options: AnyRoomOptions = {}) {
  const here = page();
  const room = here.join(options);
  here.socket.welcome();
  const sent: { at: number; x: number }[] = [];
  const { socket, world } = here;
  const from = world.time;
  const send = socket.send.bind(socket);
  socket.send = (data) => {
    const { state } = JSON.parse(data);
    if (state) sent.push({ at: world.time - from, x: state.x });
    send(data);
  };
  return { here, room, sent, world };
}

describe('the rate at which a presence is sent', () => {
  it('is 30 a second, of which the first goes at once and the last always', () => {
    const { room, sent, world } = opened();
    for (let x = 1; x <= 100; x++) {
      room.setPresence({ x });
      world.advance(10);
    }
    world.advance(1_000);
    expect(sent[0]).toEqual({ at: 0, x: 1 });
    expect(sent.at(-1)!.x).toBe(100);
    expect(sent.length).toBe(31);
    expect(world.timers).toBe(1);
  });

  it.each([
    [1, 1_000],
    [10, 100],
    [1_000, 1],
    [undefined, 1_000 / 30],
    [0, 1_000 / 30],
    [-1, 1_000 / 30],
    [NaN, 1_000 / 30],
    [Infinity, 0],
    [1e-12, 1e15],
  ])('is what the option says: %d a second', (presenceRate, wait) => {
    const { room, sent } = opened({ presenceRate });
    room.setPresence({ x: 1 });
    room.setPresence({ x: 2 });
    expect(sent).toHaveLength(wait > 0 ? 1 : 2);
  });

  it.each([
    [1, 1_000],
    [10, 100],
    [0.1, 10_000],
    [undefined, 1_000 / 30],
  ])('holds a state no longer than it says: %d a second', (presenceRate, wait) => {
    const { room, sent, world } = opened({ presenceRate });
    room.setPresence({ x: 1 });
    room.setPresence({ x: 2 });
    world.advance(wait - 0.5);
    expect(sent).toHaveLength(1);
    world.advance(0.5);
    expect(sent.map(({ x }) => x)).toEqual([1, 2]);
  });

  it('is one for all who share a connection', () => {
    const { here, room, sent, world } = opened();
    const other = here.join({ presenceRate: Infinity });
    room.setPresence({ x: 1 });
    other.setPresence({ x: 2 });
    room.setPresence({ x: 3 });
    world.advance(34);
    expect(sent.map(({ x }) => x)).toEqual([1, 3]);
  });

  it('does not let a message overtake a state that was set before it', () => {
    const { here, room } = opened();
    room.setPresence({ x: 1 });
    room.setPresence({ x: 2 });
    room.setPresence({ x: 3 });
    room.send('hi');
    here.world.advance(1_000);
    expect(here.socket.frames).toEqual([
      { t: 'presence', state: { x: 1 } },
      { t: 'presence', state: { x: 3 } },
      { t: 'msg', msg: 'hi' },
    ]);
  });

  it('holds nothing over a reconnect, which begins with the last', () => {
    const { here, room, world } = opened();
    room.setPresence({ x: 1 });
    room.setPresence({ x: 2 });
    here.socket.end(1012, 'retry=1', true);
    world.advance(1);
    here.socket.welcome();
    expect(here.socket.frames).toEqual([{ t: 'presence', state: { x: 2 } }]);
    world.advance(1_000);
    expect(here.socket.frames).toHaveLength(1);
  });

  it('leaves no timer behind', () => {
    const { here, room, world } = opened();
    room.setPresence({ x: 1 });
    room.setPresence({ x: 2 });
    room.leave();
    here.socket.end(1000, '', true);
    expect(world.timers).toBe(0);
  });

  it('waits for what was sent before, and is refused by nobody', () => {
    const onError = vi.fn();
    const { here, room, sent, world } = opened({ onError });
    here.socket.bufferedAmount = 1 << 20;
    room.setPresence({ x: 1 });
    room.setPresence({ x: 2 });
    world.advance(10_000);
    expect(sent).toEqual([]);
    here.socket.bufferedAmount = 0;
    world.advance(100);
    expect(sent.map(({ x }) => x)).toEqual([2]);
    expect(onError).not.toHaveBeenCalled();
  });

  it('is kept whatever is set when: never more, never later than it must, and the last is sent', () => {
    const gaps = fc.array(fc.double({ min: 0, max: 120, noNaN: true }), { maxLength: 60 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 100 }), (gaps, presenceRate) => {
        const { room, sent, world } = opened({ presenceRate });
        const from = world.time;
        const interval = 1_000 / presenceRate;
        const set: number[] = [];
        gaps.forEach((gap, x) => {
          world.advance(gap);
          set.push(world.time - from);
          room.setPresence({ x });
        });
        world.advance(interval + 1);
        expect(sent.at(-1)?.x).toBe(gaps.length > 0 ? gaps.length - 1 : undefined);
        sent.forEach(({ at, x }, i) => {
          const before = sent[i - 1]?.at ?? -Infinity;
          expect(at - before).toBeGreaterThan(interval - 1e-6);
          // At once, or as soon as the one before lets it; then it is the last that was set by then.
          expect(at).toBeCloseTo(Math.max(set[x]!, before + interval), 6);
        });
      }),
    );
  });
});
