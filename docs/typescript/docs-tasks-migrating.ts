import { room } from 'roomful/react';

type Asked = { event: 'say'; text: string } | { event: 'clear' };
type Told = { event: 'said'; by: string; text: string } | { event: 'cleared' };

export const serverRooms = {
  chat: room<{ key: { roomId: string }; incoming: Asked; outgoing: Told }>('team', 'chat'),
  board: room<{
    key: { boardId: string };
    incoming: null;
    outgoing: null;
    presence: { cursor: { x: number; y: number } | null };
  }>('board', 'board'),
} as const;

export declare function add(by: string, text: string): void;
export declare function clear(): void;
