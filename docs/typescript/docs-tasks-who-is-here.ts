import { room } from 'roomful/react';

export const serverRooms = {
  docs: room<{ key: { docId: string }; incoming: string; outgoing: string }>('docs', 'docs'),
} as const;

export declare const docId: string;
export declare const useUsers: typeof import('roomful/react').useUsers;
