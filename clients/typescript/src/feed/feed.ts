import { page, type Environment } from '../connection/environment.js';
import { live, OWN } from '../connection/fields.js';
import { takePart, type AnyOptions, type Part, type PartKind } from '../connection/part.js';
import type { State } from '../connection/shared.js';
import type {
  FeedArgs,
  FeedField,
  FeedHandle,
  FeedRef,
  FeedTypes,
  ReducedFeedHandle,
  ReducedFeedOptions,
} from './types.js';
import { NOBODY, readHeard, refuse } from './wire.js';

/** Options with the types taken off: within, a feed is of any type. */
export interface AnyFeedOptions extends AnyOptions {
  key?: object | undefined;
  onEvent?: ((event: any) => void) | undefined;
  initial?: unknown;
  reduce?: (state: any, event: any) => unknown;
  reduceMissed?: ((state: any) => unknown) | undefined;
}

interface OpenFeed {
  <T extends FeedTypes, S>(
    ref: FeedRef<T>,
    options: ReducedFeedOptions<T, S>,
  ): ReducedFeedHandle<S>;
  <T extends FeedTypes>(ref: FeedRef<T>, ...args: FeedArgs<T>): FeedHandle;
}

/**
 * Listens to what the server publishes.
 *
 * ```ts
 * const activity = openFeed(serverFeeds.activity, {
 *   key: { boardId: 'main' },
 *   onEvent: (event) => print(event),
 *   onMissed: () => loadAnew(),
 * });
 * activity.close();
 * ```
 *
 * @throws TypeError without a page and without `url`, or where there is no WebSocket and none is given.
 */
export const openFeed: OpenFeed = (ref: FeedRef<any>, options?: object): any => open(ref, options);

/** One user's part in a feed: a feed, and what only the hooks use of it. */
export interface OpenedFeed extends Part<State, AnyFeedOptions> {
  readonly state?: unknown;
}

export function open(
  ref: FeedRef<any>,
  options: AnyFeedOptions = {},
  environment: Environment = page,
): OpenedFeed {
  let state = options.initial;

  function become(next: ((state: any) => unknown) | undefined): void {
    part.attempt(() => {
      const before = state;
      if (next) state = next(before);
      if (!Object.is(before, state)) part.changed(STATE, NOBODY);
    });
  }

  /** So that what was missed is in the state when the app is told of it. */
  const reducing = (latest: AnyFeedOptions): AnyFeedOptions => ({
    ...latest,
    onMissed() {
      become(latest.reduceMissed);
      latest.onMissed?.();
    },
  });

  const part: OpenedFeed = takePart(
    FEED,
    ref,
    options.key,
    reducing(options),
    environment,
    ({ reduce, onEvent }, { msg }) => {
      become(reduce && ((state) => reduce(state, msg)));
      onEvent?.(msg);
    },
  );
  const { follow } = part;
  part.follow = (latest) => follow(reducing(latest));
  return live(part, ['state'], () => state);
}

const STATE = OWN;

/** In the order of their bits. */
export const FEED_FIELDS: readonly FeedField[] = ['status', 'closeInfo', 'state'];

const FEED: PartKind<State> = {
  read: readHeard,
  toFrame: refuse,
  greetsPlain: false,
  createKnown: () => NOTHING,
  connections: new Map(),
  share: true,
  fields: FEED_FIELDS,
};

/** What was said before is nobody's who begins to listen now. */
const NOTHING: State = {
  take() {},
  forget() {},
  settle: () => [0, NOBODY],
  memberIds: [],
};
