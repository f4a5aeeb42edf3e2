/** What the page shows is asked for in its address: `?feed=NAME` and `?live=NAME`, of `id=ID`. */
import type { CloseInfo, FeedHookRef, LiveHookRef } from 'roomful';

const query = new URLSearchParams(location.search);

type AnyFeed = { key: { id: string }; event: unknown };
type AnyLive = { key: { id: string }; value: number };

/** The same as `rooms.gen.ts` has, but for the names. */
export const server = (
  feed: (module: string, name: string) => FeedHookRef<AnyFeed>,
  live: (module: string, name: string) => LiveHookRef<AnyLive>,
) => ({
  feed: feed('fixture', query.get('feed') ?? 'ticker'),
  live: live('fixture', query.get('live') ?? 'counter'),
});

/** What a server has rendered of the value, if the page comes from one. */
export const rendered = query.has('rendered') ? Number(query.get('rendered')) : undefined;

export const options = {
  key: { id: query.get('id') ?? '' },
  url: query.get('url') ?? location.origin,
  // With a query, where the test has one for the server.
  path: query.get('path') ?? '/__sockets',
  // Until the server is there again, however long that takes.
  reconnect: { maxRetries: 1_000, maxDelay: 250 },
} as const;

export const NOTHING: unknown[] = [];

/** The last three. */
export const reduce = (last: unknown[], event: unknown): unknown[] => [...last, event].slice(-3);

export const reduceMissed = (last: unknown[]): unknown[] => reduce(last, 'missed');

export const described = ({ code, reason }: CloseInfo) => `${code} ${reason}`;
