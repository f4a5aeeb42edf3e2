/** A page on which a hook is tried. */
import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { UseConnection } from '../../src/hook/connection.js';
import type { UseOthers } from '../../src/hook/others.js';
import type { UseUsers } from '../../src/hook/users.js';
import type { MakeRoom, UseMember, UseRoom } from '../../src/hook/room.js';
import type { Room, RoomOptions } from '../../src/index.js';
import type { Board, Cursor } from './rooms.js';
import { fakeSockets } from './sockets.js';
/** What the suite needs of a framework. */
export interface Renderer {
  room: MakeRoom;
  useRoom: UseRoom;
  useMember: UseMember;
  useOthers: UseOthers;
  useUsers: UseUsers;
  useConnection: UseConnection;
  /** Shows `caught` in the place of what throws while it renders. */
  Boundary: unknown;
  h(type: unknown, props?: object | null, ...children: unknown[]): unknown;
  /** Renders into a root of its own. Everything that follows from it has happened when it returns. */
  mount(element: unknown): { html(): string; render(element: unknown): void; unmount(): void };
  act(call: () => void): void;
  useEffect(effect: () => void | (() => void), inputs?: readonly unknown[]): void;
  StrictMode?: unknown;
  Activity?: unknown;
}

export type View = Room<Board>;

/** What the tests of one suite have in common. Call it where they are described. */
export function stage(renderer: Renderer) {
  const { h, act, useRoom } = renderer;
  let made: ReturnType<typeof fakeSockets>;
  const sockets = {
    get WebSocket() {
      return made.WebSocket;
    },
    get all() {
      return made.all;
    },
    get last() {
      return made.last;
    },
  };
  let log: ReturnType<typeof vi.spyOn>;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    made = fakeSockets();
    log = vi.spyOn(console, 'error').mockImplementation(() => {});
  });

  afterEach(() => {
    expect(log.mock.calls).toEqual([]);
    vi.useRealTimers();
  });

  const ref = renderer.room<Board>('board', 'cursors');
  const options = (more: object = {}): RoomOptions<Board> => ({
    key: { boardId: 'main' },
    WebSocket: sockets.WebSocket,
    ...more,
  });

  /** A component that shows what `show` reads, counts its renders, and leaves the room within reach. `at`: the board. */
  function probe(show: (room: View) => unknown, more: object = {}) {
    const seen = { renders: 0, room: undefined as unknown as View };
    function Probe({ at = 'main', ...props }: { at?: string }) {
      seen.renders++;
      seen.room = useRoom(ref, options({ ...more, ...props, key: { boardId: at } }));
      return h('p', null, String(JSON.stringify(show(seen.room))));
    }
    return { seen, Probe };
  }

  const receive = (frame: unknown) => act(() => sockets.last.receive(frame));
  const update = (id: string, x: number) =>
    receive({ t: 'presence', op: 'update', from: id, state: { x } });
  const join = (id: string, more: object = {}) =>
    receive({ t: 'presence', op: 'join', from: id, ...more });
  const leave = (id: string) => receive({ t: 'presence', op: 'leave', from: id });
  const welcome = (...members: { id: string; state?: Cursor; user?: string }[]) =>
    act(() => sockets.last.welcome(members.length > 0 ? members : [{ id: 'me' }, { id: 'you' }]));

  return { sockets, ref, options, probe, receive, update, join, leave, welcome };
}
