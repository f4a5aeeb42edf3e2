// Generated from the Rust rooms by `rooms.typescript()`. Do not edit.
import { room, feed, live } from 'roomful/preact';

/** A board, and how many people are on it. */
export type Busy = {
  board: string;
  people: number;
};

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

/** Something that happened on a board. What was said there is for those who are there. */
export type Happening = {
  board: string;
  what: What;
  /** The name that somebody shows of themselves, where that is known. */
  who: string | null;
  /** Milliseconds since 1970. */
  at: number;
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

export type What = 'came' | 'left' | 'spoke';

/**
 * What the server says of a member where there are many nodes, and somebody wants to see that.
 */
export type Whereabouts = {
  /** The node that the member is connected to. */
  node: string;
};

export const serverRooms = {
  cursors: room<{
    key: { boardId: string };
    incoming: Say;
    outgoing: Said;
    presence: CursorState;
    info: Whereabouts;
  }>('board', 'cursors'),
} as const;

export const serverFeeds = {
  activity: feed<{ event: Happening }>('site', 'activity'),
} as const;

export const serverLive = {
  boards: live<{ value: Busy[] }>('site', 'boards'),
} as const;
