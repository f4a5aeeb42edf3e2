/** What a client shows of itself: what it is set to, and what of that is sent. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { RoomHandle } from '../src/index.js';
import { page, refusal, type Board, type Cursor } from './support/rooms.js';

const presence = (state: unknown) => ({ t: 'presence', state });

let here: ReturnType<typeof page>;

beforeEach(() => {
  here = page();
});

describe('set to what a function makes of the previous one', () => {
  const right = (previous: Cursor | undefined): Cursor => ({ x: (previous?.x ?? 0) + 1 });

  it('goes on from the last that was set, before the server has shown it', () => {
    const room = here.join({ presence: { x: 4 } });
    room.setPresence(right);
    room.setPresence(right);
    here.socket.welcome([{ id: 'me', state: { x: 99 } }]);
    expect(here.socket.frames).toEqual([presence({ x: 6 })]);
  });

  it('goes on from what another user of the connection has set', () => {
    const [one, two] = [here.join(), here.join()];
    one.setPresence({ x: 1 });
    two.setPresence(right);
    one.setPresence(right);
    here.socket.welcome();
    expect(here.socket.frames).toEqual([presence({ x: 3 })]);
  });

  it('goes on from what the server shows where nothing was set, and without that from nothing', () => {
    const room = here.join();
    const asked = vi.fn(right);
    here.socket.welcome([{ id: 'me', state: { x: 7, name: 'seed' } }]);
    room.setPresence(asked);
    expect(asked.mock.calls).toEqual([[{ x: 7, name: 'seed' }]]);
    expect(here.socket.frames).toEqual([presence({ x: 8 })]);
    const other = here.join({ key: { boardId: 'other' } });
    here.socket.welcome();
    other.setPresence(right);
    expect(here.socket.frames).toEqual([presence({ x: 1 })]);
  });

  it('cannot change what is shown of somebody by changing what it is given', () => {
    const room = here.join();
    here.socket.welcome([{ id: 'me', state: { x: 7 } }]);
    const before = room.self;
    room.setPresence((previous) => Object.assign(previous!, { x: 8 }));
    expect(before).toEqual({ id: 'me', state: { x: 7 } });
    here.socket.receive({ t: 'presence', op: 'update', from: 'me', state: { x: 8 } });
    expect(room.self).not.toBe(before);
  });

  it('changes nothing when it throws, which onError hears', () => {
    const cause = new Error('mine');
    const room = here.join({ presence: { x: 1 } });
    const error = refusal(() =>
      room.setPresence(() => {
        throw cause;
      }),
    );
    expect(error).toMatchObject({ code: 'callback_failed', cause });
    here.socket.welcome();
    expect(here.socket.frames).toEqual([presence({ x: 1 })]);
  });

  it('is refused when it makes what JSON cannot say', () => {
    const room = here.join();
    expect(refusal(() => room.setPresence(() => 1n as never)).code).toBe('bad_presence');
  });
});

describe('updatePresence', () => {
  it('sets the fields that it names, and takes out those that are undefined', () => {
    const room = here.join({ presence: { x: 1, name: 'a' } });
    room.updatePresence({ x: 2 });
    here.socket.welcome();
    expect(here.socket.frames).toEqual([presence({ x: 2, name: 'a' })]);
    const other = here.join({ presence: { x: 1, name: 'a' }, key: { boardId: 'other' } });
    other.updatePresence({ name: undefined });
    here.socket.welcome();
    expect(here.socket.frames).toEqual([presence({ x: 1 })]);
  });

  it('goes on from what the server shows where nothing was set', () => {
    const room = here.join();
    here.socket.welcome([{ id: 'me', state: { x: 7, name: 'seed' } }]);
    room.updatePresence({ x: 8 });
    expect(here.socket.frames).toEqual([presence({ x: 8, name: 'seed' })]);
  });

  it('is nothing to a room that was left', () => {
    const room = here.join();
    here.socket.welcome();
    room.leave();
    room.updatePresence({ x: 1 });
    expect(here.socket.frames).toEqual([{ t: 'bye' }]);
  });
});

/** A change of the presence, as an app makes it and as it is meant. */
interface Change {
  make(room: RoomHandle<Board>): void;
  of(state: Cursor): Cursor;
}

const cursor = fc.record({ x: fc.integer(), name: fc.string() }, { requiredKeys: ['x'] });
const patch = fc.record({ x: fc.integer(), name: fc.string() }, { requiredKeys: [] });
const change = fc.oneof(
  cursor.map((state): Change => ({ make: (room) => room.setPresence(state), of: () => state })),
  patch.map((patch): Change => ({
    make: (room) => room.updatePresence(patch),
    of: (state) => ({ ...state, ...patch }),
  })),
  fc.integer().map((by): Change => {
    const of = (state: Cursor): Cursor => ({ ...state, x: state.x + by });
    return { make: (room) => room.setPresence((previous) => of(previous!)), of };
  }),
);

it('whatever it is set to, in however many ways, and whenever: the last is what the server hears last', () => {
  fc.assert(
    fc.property(fc.array(change), fc.array(change), fc.array(change), (before, open, away) => {
      const here = page();
      const room = here.join({ presence: { x: 0 } });
      let meant: Cursor = { x: 0 };
      const make = (changes: readonly Change[]) => {
        for (const { make, of } of changes) {
          make(room);
          meant = of(meant);
        }
        here.world.advance(1_000);
      };
      make(before);
      here.socket.welcome();
      make(open);
      expect(here.socket.frames.at(-1)).toEqual(presence(meant));
      here.socket.end();
      make(away);
      here.socket.welcome();
      expect(here.socket.frames).toEqual([presence(meant)]);
    }),
  );
});
