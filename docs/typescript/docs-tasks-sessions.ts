import { room } from 'roomful/react';

export const serverRooms = {
  desk: room<{ key: { deskId: string }; incoming: string; outgoing: string }>('desks', 'desk'),
} as const;

export declare const deskId: string;
export declare const session: { freshToken(): Promise<string> };
