import type { Environment, Timer } from '../../src/connection/environment.js';

/** Time, chance and the page, in the hands of a test. */
export class World implements Environment {
  time = 1_000;
  chance = 0.5;
  offline = false;
  readonly watchers = new Set<(sleeps: boolean) => void>();
  #timers = new Map<number, { at: number; callback: () => void }>();
  #count = 0;

  readonly now = (): number => this.time;
  readonly random = (): number => this.chance;

  readonly isOffline = (): boolean => this.offline;

  readonly timer = (): Timer => {
    const timer = ++this.#count;
    return (ms, callback) => {
      this.#timers.delete(timer);
      if (ms! < Infinity) this.#timers.set(timer, { at: this.time + ms!, callback: callback! });
    };
  };

  readonly onWake = (listener: (sleeps: boolean) => void): (() => void) => {
    this.watchers.add(listener);
    return () => void this.watchers.delete(listener);
  };

  get timers(): number {
    return this.#timers.size;
  }

  wake(): void {
    for (const watcher of [...this.watchers]) watcher(false);
  }

  /** The page goes into the back/forward cache. */
  sleep(): void {
    for (const watcher of [...this.watchers]) watcher(true);
  }

  /** Runs every timer that falls due on the way, in order. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end);
      due.sort(([, a], [, b]) => a.at - b.at);
      const [next] = due;
      if (!next) break;
      const [id, { at, callback }] = next;
      this.#timers.delete(id);
      this.time = Math.max(this.time, at);
      callback();
    }
    this.time = end;
  }
}
