import { feed } from 'roomful/react';

export const serverFeeds = {
  notices: feed<{ key: { userId: string }; event: { text: string } }>('app', 'notices'),
} as const;

export declare const userId: string;
export declare function toast(text: string): void;
export declare function loadNotices(): void;
