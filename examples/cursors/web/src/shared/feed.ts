import type { Said } from '../rooms.gen.js';
import type { Identity } from './identity.js';
import { Value } from './value.js';

/** What has happened, newest last. */
export type Entry = { readonly id: number } & (
  | ({ readonly kind: 'said'; readonly mine: boolean; readonly by: Identity } & Said)
  /** Said by no member: the server's own. */
  | ({ readonly kind: 'announced' } & Said)
  | { readonly kind: 'notice'; readonly text: string }
  /** Said here when the connection was lost: it may have been heard or not, and only its author can say it again. */
  | { readonly kind: 'lost'; readonly text: string }
);

/** A line that was said here, and that the server has not repeated yet. */
export interface Waiting {
  readonly id: number;
  readonly text: string;
  /** Whether it has gone out, or waits for a connection. */
  readonly sent: boolean;
  /** The server's repetition of it is among what was missed. */
  readonly missed: boolean;
}

type Unnumbered<E> = E extends unknown ? Omit<E, 'id'> : never;

/** Older entries are forgotten: a board that stays open all day must not grow. */
export const MAX_ENTRIES = 100;

/** What is said on the board, and who comes and goes. */
export class Feed {
  readonly entries = new Value<readonly Entry[]>([]);
  readonly waiting = new Value<readonly Waiting[]>([]);
  #next = 0;

  /**
   * `by` is `undefined` for a message of no member, or of one who showed nothing of itself. `answers`: it was said here. The
   * oldest that waits is meant, because answers come in the order in which one speaks.
   */
  heard(said: Said, by: Identity | undefined, mine: boolean, answers: boolean): void {
    const [oldest] = this.waiting.get();
    if (answers && oldest) this.settle(oldest.id);
    this.#add(by ? { kind: 'said', mine, by, ...said } : { kind: 'announced', ...said });
  }

  readonly notice = (text: string): void => this.#add({ kind: 'notice', text });

  /** Returns the number by which its end is told. */
  wait(text: string, sent: boolean): number {
    const id = this.#next++;
    this.waiting.set([...this.waiting.get(), { id, text, sent, missed: false }]);
    return id;
  }

  /** It waits no more. Returns it, where it still did. */
  settle(id: number): Waiting | undefined {
    const waiting = this.waiting.get();
    const line = waiting.find((line) => line.id === id);
    if (line) this.waiting.set(waiting.filter((other) => other !== line));
    return line;
  }

  /** Nobody knows what became of it. Whatever was heard of it is proof that it was not lost. */
  lost(id: number): void {
    const line = this.settle(id);
    if (line) this.#add({ kind: 'lost', text: line.text });
  }

  /** An entry that is done with. */
  forget(id: number): void {
    this.entries.set(this.entries.get().filter((entry) => entry.id !== id));
  }

  /** There is a connection: what waited for one goes out now. */
  opened(): void {
    this.waiting.set(this.waiting.get().map((line) => ({ ...line, sent: true })));
  }

  /** What had gone out may have been repeated, and will not be again. */
  missed(): void {
    this.waiting.set(this.waiting.get().map((line) => ({ ...line, missed: line.sent })));
    this.notice('Something was said that did not reach you');
  }

  #add(entry: Unnumbered<Entry>): void {
    const entries = [...this.entries.get(), { ...entry, id: this.#next++ } as Entry];
    this.entries.set(entries.slice(-MAX_ENTRIES));
  }
}
