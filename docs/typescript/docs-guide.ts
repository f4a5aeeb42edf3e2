import { feed, live, room, socket } from 'roomful/react';
export declare const joinRoom: typeof import('roomful').joinRoom;

export type Saved = { by: string };

export const serverRooms = {
  cursors: room<{
    key: { boardId: string };
    incoming: string;
    outgoing: string;
    presence: { x: number; y: number };
  }>('board', 'cursors'),
} as const;

export const serverSockets = {
  assistant: socket<{
    params: { docId: string };
    incoming: { question: string };
    outgoing: { text: string };
  }>('docs', 'assistant'),
} as const;

export const serverFeeds = {
  activity: feed<{ key: { boardId: string }; event: Saved }>('board', 'activity'),
} as const;

export const serverLive = {
  tasks: live<{ key: { boardId: string }; value: string[] }>('board', 'tasks'),
} as const;

export declare const boardId: string;
export declare const docId: string;
export declare const tasksAtFirst: string[];
export declare const session: { freshToken(): Promise<string> };
export declare function toast(text: string): void;
export declare function loadAnew(): void;
