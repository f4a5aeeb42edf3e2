// Generated from the Rust rooms by `rooms.typescript()`. Do not edit.
import { room } from 'roomful/react';

/** What somebody shows of themselves: where they point, in hundredths of the page. */
export type Cursor = {
  /** From the left. */
  x: number;
  /** From the top. */
  y: number;
};

/** What somebody says. */
export type Line = {
  /** Not over 500 characters. */
  text: string;
};

export const serverRooms = {
  cursors: room<{
    key: { boardId: string };
    incoming: Line;
    outgoing: Line;
    presence: Cursor;
  }>('board', 'cursors'),
} as const;
