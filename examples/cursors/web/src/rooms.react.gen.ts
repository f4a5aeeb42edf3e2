// Generated from the Rust rooms by `rooms.typescript()`. Do not edit.
import { room } from 'roomful/react';

/**
 * A name and not a value, because only the page knows what can be read on its light and on its dark board.
 */
export type Color = 'rose' | 'orange' | 'green' | 'teal' | 'blue' | 'violet' | 'pink';

/** What each member shows of itself. */
export type CursorState = {
  /** From the left edge of the board. */
  x: number;
  /** From the upper edge. */
  y: number;
  name: string;
  color: Color;
};

/**
 * What everybody hears. Who said it is not in here, because the room itself tells each receiver that, so nobody can speak
 * for another.
 */
export type Said = {
  text: string;
  /** Milliseconds since 1970. */
  at: number;
};

/** What a client says. */
export type Say = {
  text: string;
};

export const serverRooms = {
  cursors: room<{
    key: { boardId: string };
    incoming: Say;
    outgoing: Said;
    presence: CursorState;
  }>('board', 'cursors'),
} as const;
