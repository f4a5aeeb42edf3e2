import { join, type AnyOptions } from '../../src/room.js';
import { room, type RoomHandle, type RoomRef } from '../../src/index.js';
import { fakeSockets, type FakeSocket } from './sockets.js';
import { World } from './world.js';

export interface Cursor {
  x: number;
  name?: string;
}

/** A room of the tests: messages are strings, presence a cursor. */
export interface Board {
  key: { boardId: string };
  incoming: string;
  outgoing: string;
  presence: Cursor;
}

export const board: RoomRef<Board> = room<Board>('board', 'cursors');
export const url = 'http://roomful.test';

/** A page in virtual time, whose rooms connect to fake sockets. */
export function page() {
  const world = new World();
  const { WebSocket, all } = fakeSockets();
  return {
    world,
    sockets: all,
    get socket(): FakeSocket {
      const last = all.at(-1);
      if (!last) throw new Error('no connection was made');
      return last;
    },
    join(options: AnyOptions = {}, ref: RoomRef<any> = board): RoomHandle<Board> {
      const all = { url, WebSocket, key: { boardId: 'main' }, ...options };
      return join<Board>(ref, all, world);
    },
  };
}

/** Lets what waits for a microtask happen. */
export const microtasks = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};
