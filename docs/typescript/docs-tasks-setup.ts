import { room } from 'roomful/react';

export const serverRooms = {
  cursors: room<{
    key: { boardId: string };
    incoming: string;
    outgoing: string;
    presence: [number, number];
  }>('board', 'cursors'),
} as const;
