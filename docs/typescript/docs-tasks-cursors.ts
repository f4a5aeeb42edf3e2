import { room } from 'roomful/react';

export type Cursor = { x: number; y: number };
export type Card = { name: string };

export const serverRooms = {
  cursors: room<{
    key: { boardId: string };
    incoming: null;
    outgoing: null;
    presence: Cursor;
    info: Card;
  }>('board', 'cursors'),
} as const;
