import type { Said } from '../rooms.gen.js';
import type { Identity } from './identity.js';
import { Value } from './value.js';

/** What has happened, newest last. */
export type Entry = { readonly id: number } & (
  | ({ readonly kind: 'said'; readonly mine: boolean; readonly by: Identity } & Said)
  /** Said by no member: the server's own. */
  | ({ readonly kind: 'announced' } & Said)
  | { readonly kind: 'notice'; readonly text: string }
);

/** A line that was said here, and that the server has not repeated yet. */
export interface Waiting {
  readonly text: string;
  /** Whether it has gone out, or waits for a connection. */
  readonly sent: boolean;
}

type Unnumbered<E> = E extends unknown ? Omit<E, 'id'> : never;

/** Older entries are forgotten: a board that stays open all day must not grow. */
export const MAX_ENTRIES = 100;

/** What is said on the board, and who comes and goes. */
export class Feed {
  readonly entries = new Value<readonly Entry[]>([]);
  readonly waiting = new Value<readonly Waiting[]>([]);
  #next = 0;

  /** `by` is `undefined` for a message of no member, or of one who showed nothing of itself. */
  heard(said: Said, by: Identity | undefined, mine: boolean): void {
    if (mine) this.settle();
    this.#add(by ? { kind: 'said', mine, by, ...said } : { kind: 'announced', ...said });
  }

  readonly notice = (text: string): void => this.#add({ kind: 'notice', text });

  wait(line: Waiting): void {
    this.waiting.set([...this.waiting.get(), line]);
  }

  /** The oldest that waits has been answered, because answers come in the order in which one speaks. Returns it. */
  settle(): string | undefined {
    const [oldest, ...rest] = this.waiting.get();
    this.waiting.set(rest);
    return oldest?.text;
  }

  /** There is a connection: what waited for one goes out now. Returns how many lines had gone out before. */
  opened(): number {
    const waiting = this.waiting.get();
    this.waiting.set(waiting.map((line) => ({ ...line, sent: true })));
    return waiting.filter((line) => line.sent).length;
  }

  #add(entry: Unnumbered<Entry>): void {
    const entries = [...this.entries.get(), { ...entry, id: this.#next++ } as Entry];
    this.entries.set(entries.slice(-MAX_ENTRIES));
  }
}
