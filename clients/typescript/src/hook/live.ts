import { refuse } from '../feed/wire.js';
import { LIVE_FIELDS, watch, type AnyLiveOptions, type WatchedLive } from '../live/live.js';
import type {
  BegunLiveOptions,
  Live,
  LiveArgs,
  LiveHookRef,
  LiveRef,
  LiveTypes,
} from '../live/types.js';
import { live } from '../ref.js';
import { Reader, useReader, type Framework } from './reader.js';

export interface UseLive {
  <T extends LiveTypes>(ref: LiveRef<T>, options: BegunLiveOptions<T>): Live<T, never>;
  <T extends LiveTypes>(ref: LiveRef<T>, ...args: LiveArgs<T>): Live<T>;
}

export type MakeLive = <T extends LiveTypes>(module: string, name: string) => LiveHookRef<T>;

export const liveHook =
  (framework: Framework): UseLive =>
  (ref: LiveRef<any>, options: any = {}): any => {
    const { key, share = true } = options as AnyLiveOptions;
    return useReader(framework, liveReader, ref, key, options, share, LIVE_FIELDS);
  };

export const liveMaker =
  (useLive: UseLive): MakeLive =>
  (module, name) => {
    const ref = live<any>(module, name);
    return Object.assign(ref, { useLive: (options?: any): any => useLive(ref, options) });
  };

const liveReader = (): Reader<WatchedLive> =>
  new Reader({
    fields: LIVE_FIELDS,
    empty: ({ initial }: AnyLiveOptions) => ({ status: 'connecting', value: initial }),
    enter: (ref, options) => watch(ref, options),
    toFrame: refuse,
    actions: ({ reconnect }) => ({ refresh: reconnect }),
  });
