/** What of feeds and live values must not compile; see `types.test-d.ts`. */
import {
  connectionOf,
  feed as plainFeed,
  joinRoom,
  live as plainLive,
  openFeed,
  watchLive,
  type Feed,
  type FeedHandle,
  type Live,
  type ReducedFeed,
  type RoomError,
} from '../src/index.js';
import { feed as preactFeed, live as preactLive, useFeed as usePreactFeed } from '../src/preact.js';
import {
  feed as reactFeed,
  live as reactLive,
  useConnection,
  useFeed,
  useLive,
} from '../src/react.js';

interface Saved {
  by: string;
}
interface Task {
  title: string;
}
type Activity = { key: { boardId: string }; event: Saved };
type News = { event: string };
type Optional = { key: { a?: string }; event: string };
type Tasks = { key: { boardId: string }; value: Task[] };
type Count = { value: number };

// As the generator writes it, for each of the three entries.
export const serverFeeds = {
  activity: reactFeed<Activity>('board', 'activity'),
  news: reactFeed<News>('site', 'news'),
  optional: reactFeed<Optional>('site', 'optional'),
} as const;
export const serverLive = {
  tasks: reactLive<Tasks>('board', 'tasks'),
  count: reactLive<Count>('site', 'count'),
} as const;
export const inPreact = {
  activity: preactFeed<Activity>('board', 'activity'),
  tasks: preactLive<Tasks>('board', 'tasks'),
} as const;
export const inPlain = {
  activity: plainFeed<Activity>('board', 'activity'),
  news: plainFeed<News>('site', 'news'),
  tasks: plainLive<Tasks>('board', 'tasks'),
  count: plainLive<Count>('site', 'count'),
} as const;

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => {};

const key = { boardId: 'main' };

export function rightKeys(): void {
  useFeed(serverFeeds.activity, { key });
  useFeed(inPlain.activity, { key });
  usePreactFeed(inPreact.activity, { key });
  serverFeeds.activity.useFeed({ key });
  inPreact.activity.useFeed({ key, share: false });
  openFeed(inPlain.activity, { key });
  serverFeeds.news.useFeed();
  serverFeeds.news.useFeed({ enabled: false });
  openFeed(inPlain.news);
  serverFeeds.optional.useFeed({ key: {} });
  serverFeeds.optional.useFeed({ key: { a: undefined } });

  useLive(serverLive.tasks, { key });
  serverLive.tasks.useLive({ key });
  inPreact.tasks.useLive({ key });
  watchLive(inPlain.tasks, { key });
  serverLive.count.useLive();
  watchLive(inPlain.count);
}

export function wrongKeys(): void {
  // @ts-expect-error the options are missing
  useFeed(serverFeeds.activity);
  // @ts-expect-error the options are missing
  serverFeeds.activity.useFeed();
  // @ts-expect-error the key is missing
  serverFeeds.activity.useFeed({ onEvent() {} });
  // @ts-expect-error the key is missing, though no param is required
  serverFeeds.optional.useFeed({});
  // @ts-expect-error a param is missing
  openFeed(inPlain.activity, { key: {} });
  // @ts-expect-error a param is no string
  openFeed(inPlain.activity, { key: { boardId: 1 } });
  // @ts-expect-error there is no such param
  serverFeeds.activity.useFeed({ key: { boardId: 'a', other: 'b' } });
  // @ts-expect-error the feed has no params
  serverFeeds.news.useFeed({ key });
  // @ts-expect-error params are a socket's
  serverFeeds.activity.useFeed({ params: key });

  // @ts-expect-error the options are missing
  useLive(serverLive.tasks);
  // @ts-expect-error the options are missing
  serverLive.tasks.useLive();
  // @ts-expect-error a param is missing
  watchLive(inPlain.tasks, { key: {} });
  // @ts-expect-error the value has no params
  serverLive.count.useLive({ key });
}

export function events(): void {
  serverFeeds.activity.useFeed({ key, onEvent: (event) => same<typeof event, Saved>(true) });
  openFeed(inPlain.news, { onEvent: (event) => same<typeof event, string>(true) });
  // @ts-expect-error an event is no number
  serverFeeds.activity.useFeed({ key, onEvent: (event: number) => event });
  // @ts-expect-error nobody sends it
  openFeed(inPlain.news, { onMessage() {} });
}

export function states(): void {
  const made = serverFeeds.activity.useFeed({
    key,
    initial: [] as Saved[],
    reduce: (last, event) => [event, ...last].slice(0, 20),
    reduceMissed: () => [],
  });
  same<typeof made, ReducedFeed<Saved[]>>(true);
  same<typeof made.state, Saved[]>(true);
  const counted = useFeed(serverFeeds.news, {
    initial: 0,
    reduce: (count, event) => count + event.length,
  });
  same<typeof counted.state, number>(true);
  const opened = openFeed(inPlain.news, { initial: '', reduce: (_, event) => event });
  same<typeof opened.state, string>(true);
  opened.subscribe(() => {}, ['state']);

  const none = serverFeeds.news.useFeed();
  same<typeof none, Feed>(true);
  // @ts-expect-error no state is made
  none.state;
  // @ts-expect-error a reducer is missing
  serverFeeds.news.useFeed({ initial: 0 });
  // @ts-expect-error a state to begin with is missing
  serverFeeds.news.useFeed({ reduce: (state: number) => state });
  // @ts-expect-error the reducer makes something else
  serverFeeds.news.useFeed({ initial: 0, reduce: (_: number, event) => event });
  // @ts-expect-error the reducer takes another event
  serverFeeds.news.useFeed({ initial: 0, reduce: (state: number, event: number) => state + event });
}

export function values(): void {
  const tasks = serverLive.tasks.useLive({ key });
  same<typeof tasks, Live<Tasks>>(true);
  same<typeof tasks.value, Task[] | undefined>(true);
  same<typeof tasks.error, RoomError | undefined>(true);
  same<typeof tasks.refresh, () => void>(true);
  // With something to begin with there is always one.
  const begun = serverLive.tasks.useLive({ key, initial: [{ title: 'water' }] });
  begun.value.map(({ title }) => title);
  const perhaps = useLive(serverLive.tasks, { key, initial: undefined as Task[] | undefined });
  same<typeof perhaps.value, Task[] | undefined>(true);
  const count = watchLive(inPlain.count, { initial: 0 });
  same<typeof begun, Live<Tasks, never>>(true);
  count.value.toFixed();
  count.subscribe(() => {}, ['value', 'error']);

  // @ts-expect-error there may be none yet
  tasks.value.length;
  // @ts-expect-error the value is no string
  serverLive.tasks.useLive({ key, initial: 'water' });
  // @ts-expect-error it is read only
  tasks.value = [];
  // @ts-expect-error no such field
  count.subscribe(() => {}, ['state']);
  // @ts-expect-error a value is not an event
  serverLive.tasks.useLive({ key, onEvent() {} });
}

export function nothingToSend(): void {
  // @ts-expect-error a client only listens
  serverFeeds.news.useFeed().send('x');
  // @ts-expect-error a client only listens
  openFeed(inPlain.news).send('x');
  // @ts-expect-error a client only listens
  watchLive(inPlain.count).send('x');
}

export function notOneAnother(): void {
  // @ts-expect-error a feed is no live value
  useLive(serverFeeds.news);
  // @ts-expect-error a live value is no feed
  useFeed(serverLive.count);
  // @ts-expect-error a live value is no feed
  openFeed(inPlain.count);
  // @ts-expect-error a feed is no room
  joinRoom(inPlain.news);
}

export function connections(): void {
  const feed: FeedHandle = openFeed(inPlain.news);
  connectionOf(feed).get();
  connectionOf(watchLive(inPlain.count)).get();
  useConnection(serverFeeds.news.useFeed());
  useConnection(serverLive.count.useLive());
}
