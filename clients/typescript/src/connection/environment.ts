/** All that a connection takes from the world around it, so that a test can be that world. */
export interface Environment {
  /** Milliseconds, monotonic. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  setTimer(callback: () => void, ms: number): unknown;
  clearTimer(timer: unknown): void;
  /** Whether the browser says that there is no network. */
  isOffline(): boolean;
  /** Calls `listener` when the page comes online, is shown or becomes visible. */
  onWake(listener: () => void): () => void;
}

/** The page's, or Node's. Nothing is looked up before it is used: importing this on a server is safe. */
export const page: Environment = {
  now: () => performance.now(),
  random: () => Math.random(),
  setTimer: (callback, ms) => setTimeout(callback, ms),
  clearTimer: (timer) => clearTimeout(timer as number),
  isOffline: () => globalThis.navigator?.onLine === false,
  onWake(listener) {
    if (typeof document === 'undefined') return () => {};
    // A page is shown once when it is loaded, too, which wakes nothing.
    const woken = ({ type, persisted }: { type: string; persisted?: boolean }) => {
      const shown = type === VISIBILITY ? !document.hidden : persisted;
      if (shown !== false) listener();
    };
    // A change of visibility happens to the document, and bubbles.
    const watching = new AbortController();
    for (const type of ['online', 'pageshow', VISIBILITY]) {
      addEventListener(type, woken as (event: Event) => void, watching);
    }
    return () => watching.abort();
  },
};

const VISIBILITY = 'visibilitychange';
