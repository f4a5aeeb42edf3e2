import { page, type Environment } from '../connection/environment.js';
import { live, OWN } from '../connection/fields.js';
import { wake } from '../connection/machine.js';
import { takePart, type AnyOptions, type Part, type PartKind } from '../connection/part.js';
import { OPEN } from '../connection/phases.js';
import type { State } from '../connection/shared.js';
import { RoomError } from '../errors.js';
import { NOBODY, readHeard, refuse } from '../feed/wire.js';
import { isSame } from '../same.js';
import type {
  BegunLiveOptions,
  LiveArgs,
  LiveField,
  LiveHandle,
  LiveRef,
  LiveTypes,
} from './types.js';

/** Options with the types taken off: within, a live value is of any type. */
export interface AnyLiveOptions extends AnyOptions {
  key?: object | undefined;
  initial?: unknown;
}

interface WatchLive {
  <T extends LiveTypes>(ref: LiveRef<T>, options: BegunLiveOptions<T>): LiveHandle<T, never>;
  <T extends LiveTypes>(ref: LiveRef<T>, ...args: LiveArgs<T>): LiveHandle<T>;
}

/**
 * Watches a value of the server's.
 *
 * ```ts
 * const tasks = watchLive(serverLive.tasks, { key: { boardId: 'main' } });
 * const stop = tasks.subscribe(() => render(tasks.value), ['value']);
 * tasks.close();
 * ```
 *
 * @throws TypeError without a page and without `url`, or where there is no WebSocket and none is given.
 */
export const watchLive: WatchLive = (ref: LiveRef<any>, options?: object): any =>
  watch(ref, options);

/** What is known of the value, by all who share the connection. */
interface Known {
  value: unknown;
  error: RoomError | undefined;
}

interface LiveState extends State, Known {
  /** What there is to show until the server has said something. */
  begin(initial: unknown): void;
}

/** One user's part in a live value: the value, and what only the hooks use of it. */
export interface WatchedLive extends Part<LiveState, AnyLiveOptions>, Readonly<Known> {
  refresh(): void;
}

export function watch(
  ref: LiveRef<any>,
  options: AnyLiveOptions = {},
  environment: Environment = page,
): WatchedLive {
  const { key, initial } = options;
  // The value is no message: it is what is known.
  const part = takePart(LIVE, ref, key, options, environment, () => {});
  let known: Known = part.shared?.known ?? { value: initial, error: undefined };
  part.shared?.known.begin(initial);
  part.observe(() => {
    // Others may go on with the connection.
    if (!part.shared) known = { ...known };
  });
  const anew = part.reconnect;
  const refresh = (): void => {
    const driver = part.shared?.driver;
    // An attempt has asked for nothing older than now: it goes on, for as long as one does on a page that wakes.
    if (driver && driver.current().phase < OPEN) driver.dispatch(wake);
    else anew();
  };
  // By either name: to the hooks it is what all connections have.
  return live(
    Object.assign(part, { refresh, reconnect: refresh }),
    ['value', 'error'],
    (field) => known[field],
  );
}

const VALUE = OWN;
const ERROR = OWN << 1;

/** In the order of their bits. */
export const LIVE_FIELDS: readonly LiveField[] = ['status', 'closeInfo', 'value', 'error'];

const LIVE: PartKind<LiveState> = {
  read: readHeard,
  toFrame: refuse,
  greetsPlain: false,
  createKnown,
  connections: new Map(),
  share: true,
  fields: LIVE_FIELDS,
};

function createKnown(): LiveState {
  let changed = 0;
  let isShared = false;

  const become = (value: unknown): void => {
    // It may be told again: after a reconnect, after an error, and where it stands in the page already.
    if (isSame(known.value, value)) return;
    known.value = value;
    changed |= VALUE;
  };

  const failed = (error?: RoomError): void => {
    if (known.error !== error) changed |= ERROR;
    known.error = error;
  };

  const known: LiveState = {
    value: undefined,
    error: undefined,
    begin(initial) {
      if (known.value === undefined && initial !== undefined) {
        known.value = initial;
        // To whom it comes from it is no change.
        if (isShared) changed |= VALUE;
      }
      isShared = true;
    },
    take({ t, msg, code, reason }, isFirst) {
      // Where it still cannot be loaded, that is told again behind the greeting.
      if (isFirst || t === 'msg') failed();
      if (t === 'msg') become(msg);
      if (code === 'handler_failed') failed(new RoomError(code, reason!));
    },
    forget() {},
    settle() {
      const before = changed;
      changed = 0;
      return [before, NOBODY];
    },
    memberIds: [],
  };
  return known;
}
