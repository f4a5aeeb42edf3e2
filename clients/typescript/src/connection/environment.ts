import { MAX_TIMER } from '../limits.js';

/** Calls back once, after so long, and not for what it was set to before. Without a time: not at all. */
export type Timer = (ms?: number, callback?: () => void) => void;

/** All that a connection takes from the world around it, so that a test can be that world. */
export interface Environment {
  /** Milliseconds, monotonic. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  timer(): Timer;
  /** Whether the browser says that there is no network. */
  isOffline(): boolean;
  /**
   * Calls `listener` when the page comes online, is shown or becomes visible; and with `true` when it goes into the
   * back/forward cache.
   */
  onWake(listener: (sleeps: boolean) => void): () => void;
}

/** The page's, or Node's. Nothing is looked up before it is used: importing this on a server is safe. */
export const page: Environment = {
  now: () => performance.now(),
  random: () => Math.random(),
  timer() {
    let timer: ReturnType<typeof setTimeout>;
    return (ms, callback) => {
      clearTimeout(timer);
      // A longer one fires at once.
      if (ms! < Infinity) timer = setTimeout(callback!, Math.min(ms!, MAX_TIMER));
    };
  },
  isOffline: () => globalThis.navigator?.onLine === false,
  onWake(listener) {
    // A page is shown once when it is loaded, too, which wakes nothing, and hidden once when it ends.
    const happened = ({ type, persisted }: { type: string; persisted?: boolean }) => {
      const counts = type === VISIBILITY ? !document.hidden : persisted;
      if (counts !== false) listener(type === HIDDEN);
    };
    // A change of visibility happens to the document, and bubbles.
    const watching = new AbortController();
    for (const type of ['online', 'pageshow', HIDDEN, VISIBILITY]) {
      globalThis.addEventListener?.(type, happened as (event: Event) => void, watching);
    }
    return () => watching.abort();
  },
};

const HIDDEN = 'pagehide';
const VISIBILITY = 'visibilitychange';
