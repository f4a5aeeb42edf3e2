import type { FeedRef, FeedTypes } from './feed/types.js';
import type { LiveRef, LiveTypes } from './live/types.js';
import type { RoomRef, RoomTypes } from './room/types.js';
import type { SocketRef, SocketTypes } from './socket/types.js';

/**
 * Names the room `name` of the server's `module`. Usually called by the generated `rooms.gen.ts`.
 *
 * ```ts
 * const lobby = room<{ incoming: string; outgoing: string }>('chat', 'lobby');
 * ```
 */
export function room<T extends RoomTypes>(module: string, name: string): RoomRef<T> {
  return { module, name };
}

/**
 * Names the socket `name` of the server's `module`. Usually called by the generated `rooms.gen.ts`.
 *
 * ```ts
 * const chat = socket<{ params: { docId: string }; incoming: Ask; outgoing: Answer }>('docs', 'chat');
 * ```
 */
export function socket<T extends SocketTypes>(module: string, name: string): SocketRef<T> {
  return { module, name };
}

/**
 * Names the feed `name` of the server's `module`. Usually called by the generated `rooms.gen.ts`.
 *
 * ```ts
 * const activity = feed<{ key: { boardId: string }; event: Saved }>('board', 'activity');
 * ```
 */
export function feed<T extends FeedTypes>(module: string, name: string): FeedRef<T> {
  return { module, name };
}

/**
 * Names the live value `name` of the server's `module`. Usually called by the generated `rooms.gen.ts`.
 *
 * ```ts
 * const tasks = live<{ key: { boardId: string }; value: Task[] }>('board', 'tasks');
 * ```
 */
export function live<T extends LiveTypes>(module: string, name: string): LiveRef<T> {
  return { module, name };
}
