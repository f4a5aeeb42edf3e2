import { join, type AnyRoomOptions } from '../../src/room/room.js';
import { open as openFeed, type AnyFeedOptions, type OpenedFeed } from '../../src/feed/feed.js';
import { watch, type AnyLiveOptions, type WatchedLive } from '../../src/live/live.js';
import { expect, vi } from 'vitest';
import {
  feed,
  live,
  room,
  RoomError,
  socket,
  type FeedRef,
  type LiveRef,
  type RoomHandle,
  type RoomRef,
  type SocketRef,
} from '../../src/index.js';
import { open, type AnySocketOptions, type OpenedSocket } from '../../src/socket/socket.js';
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
/** A socket of the tests: both sides say strings. */
export interface Chat {
  params: { docId: string };
  incoming: string;
  outgoing: string;
}

export const chat: SocketRef<Chat> = socket<Chat>('docs', 'chat');
/** A feed of the tests: who has saved. */
export interface Activity {
  key: { boardId: string };
  event: string;
}

export const activity: FeedRef<Activity> = feed<Activity>('board', 'activity');
/** A live value of the tests: a list of titles. */
export interface Tasks {
  key: { boardId: string };
  value: string[];
}

export const tasks: LiveRef<Tasks> = live<Tasks>('board', 'tasks');
export const url = 'http://roomful.test';

/** A page in virtual time, whose rooms and sockets connect to fake sockets. */
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
    open(options: AnySocketOptions = {}, ref: SocketRef<any> = chat): OpenedSocket {
      return open(ref, { url, WebSocket, params: { docId: 'a' }, ...options }, world);
    },
    feed(options: AnyFeedOptions = {}, ref: FeedRef<any> = activity): OpenedFeed {
      return openFeed(ref, { url, WebSocket, key: { boardId: 'main' }, ...options }, world);
    },
    live(options: AnyLiveOptions = {}, ref: LiveRef<any> = tasks): WatchedLive {
      return watch(ref, { url, WebSocket, key: { boardId: 'main' }, ...options }, world);
    },
    join(options: AnyRoomOptions = {}, ref: RoomRef<any> = board): RoomHandle<Board> {
      const all = { url, WebSocket, key: { boardId: 'main' }, ...options };
      return join<Board>(ref, all, world);
    },
  };
}

/** What is said of `call`, which is refused and does not throw, where nobody listens. */
export function refusal(call: () => void): RoomError {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {});
  call();
  const said = log.mock.calls.flat();
  log.mockRestore();
  expect(said).toEqual([expect.any(RoomError)]);
  return said[0] as RoomError;
}

/** Lets what waits for a microtask happen. */
export const microtasks = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};
