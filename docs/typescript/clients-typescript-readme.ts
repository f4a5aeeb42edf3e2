import type { ReactElement } from 'react';
import { feed, live, room as roomOf, socket } from 'roomful/react';
export declare const joinRoom: typeof import('roomful').joinRoom;

export type CursorState = { x: number; y: number; name: string };
export type Saved = { by: string };

export const serverRooms = {
  cursors: roomOf<{
    key: { boardId: string };
    incoming: { x: number; y: number } | { text: string };
    outgoing: string;
    presence: CursorState;
    info: { name: string };
  }>('board', 'cursors'),
} as const;

export const serverSockets = {
  chat: socket<{
    params: { docId: string };
    incoming: { question: string };
    outgoing: { answer: string };
  }>('docs', 'chat'),
} as const;

export const serverFeeds = {
  activity: feed<{ key: { boardId: string }; event: Saved }>('board', 'activity'),
} as const;

export const serverLive = {
  tasks: live<{ key: { boardId: string }; value: string[] }>('board', 'tasks'),
} as const;

export declare const room: ReturnType<typeof serverRooms.cursors.useRoom>;
export declare const key: { boardId: string };
export declare const boardId: string;
export declare const text: string;
export declare function session(): Promise<{ token: string }>;
export declare function render(what: unknown): void;
export declare function print(what: unknown): void;
export declare function setBanner(shown: boolean): void;
export declare function Face(of: {
  name: string | undefined;
  tabs: number;
  grey: boolean;
}): ReactElement;
export declare function Lists(of: {
  tasks: readonly string[];
  last: readonly Saved[];
  onRetry: (() => void) | undefined;
}): ReactElement;
