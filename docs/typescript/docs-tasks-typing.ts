import { room } from 'roomful/react';

export const serverRooms = {
  chat: room<{
    key: { roomId: string };
    incoming: string;
    outgoing: string;
    presence: { typing: boolean };
    info: { name: string };
  }>('team', 'chat'),
} as const;

export declare const roomId: string;
export declare const useRef: typeof import('react').useRef;
