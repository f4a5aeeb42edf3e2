import { room } from 'roomful/react';

export type Game = { version: number; cells: (string | null)[] };

export const serverRooms = {
  table: room<{
    key: { gameId: string };
    incoming: { seen: number; cell: number };
    outgoing: Game;
  }>('games', 'table'),
} as const;

export declare const gameId: string;
export declare const game: Game;
export declare function setGame(change: (game: Game) => Game): void;
