import type { RoomRef, RoomTypes } from './types.js';

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
