import { room } from 'roomful/react';

export const serverRooms = {
  chat: room<{ key: { roomId: string }; incoming: string; outgoing: string }>('team', 'chat'),
} as const;

export declare const roomId: string;
export declare const token: string;
export declare function askToSignIn(): void;
