import { room } from 'roomful/react';

export type Line = { by: string; text: string };

export const serverRooms = {
  chat: room<{
    key: { roomId: string };
    incoming: { text: string };
    outgoing: Line;
    presence: { typing: boolean };
  }>('team', 'chat'),
} as const;

export declare const roomId: string;
export declare function setLines(change: (lines: Line[]) => Line[]): void;
