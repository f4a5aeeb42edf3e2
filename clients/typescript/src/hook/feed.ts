import { FEED_FIELDS, open, type AnyFeedOptions, type OpenedFeed } from '../feed/feed.js';
import { refuse } from '../feed/wire.js';
import type {
  Feed,
  FeedArgs,
  FeedHookRef,
  FeedRef,
  FeedTypes,
  ReducedFeed,
  ReducedFeedOptions,
} from '../feed/types.js';
import { feed } from '../ref.js';
import { Reader, useReader, type Framework } from './reader.js';

export interface UseFeed {
  <T extends FeedTypes, S>(ref: FeedRef<T>, options: ReducedFeedOptions<T, S>): ReducedFeed<S>;
  <T extends FeedTypes>(ref: FeedRef<T>, ...args: FeedArgs<T>): Feed;
}

export type MakeFeed = <T extends FeedTypes>(module: string, name: string) => FeedHookRef<T>;

export const feedHook =
  (framework: Framework): UseFeed =>
  (ref: FeedRef<any>, options: any = {}): any => {
    const { key, share = true, reduce } = options as AnyFeedOptions;
    const fields = reduce ? FEED_FIELDS : WITHOUT_STATE;
    return useReader(framework, feedReader, ref, key, options, share, fields);
  };

export const feedMaker =
  (useFeed: UseFeed): MakeFeed =>
  (module, name) => {
    const ref = feed<any>(module, name);
    return Object.assign(ref, { useFeed: (options?: any): any => useFeed(ref, options) });
  };

const WITHOUT_STATE = /* @__PURE__ */ FEED_FIELDS.slice(0, 2);

const feedReader = (): Reader<OpenedFeed> =>
  new Reader({
    fields: FEED_FIELDS,
    empty: ({ initial }: AnyFeedOptions) => ({ status: 'connecting', state: initial }),
    enter: (ref, options) => open(ref, options),
    toFrame: refuse,
    actions: ({ reconnect }) => ({ reconnect }),
  });
