import type { Heard, Line, Notice, Say } from '../rooms.gen.js';
import { Value } from './value.js';

/** Something that was said here and that is not in the history yet. */
export interface Waiting extends Say {
  /** `lost`: the connection was lost, and nobody knows whether it was heard. */
  readonly state: 'waiting' | 'lost' | 'refused';
  /** Why it was refused. */
  readonly why?: string;
}

export interface Shown {
  /** In the order in which they were said. */
  readonly lines: readonly Line[];
  /** What was said here, after them. */
  readonly waiting: readonly Waiting[];
  /** What an admin has said to everybody, the latest. It is not kept by anybody. */
  readonly notice?: Notice;
  /** Whether there is more before the first line. */
  readonly earlier: boolean;
}

/** What this needs of a room and of the server. */
export interface Sources {
  /** Says it; the promise is that it was handled. */
  readonly say: (say: Say) => Promise<void>;
  /** A page of the history, oldest first. */
  readonly load: (before?: number) => Promise<readonly Line[]>;
}

/** So many lines are in a full page of the history. */
export const PAGE = 50;
/** So many are shown of a page that stays open all day; the rest can be loaded. */
const MOST = 1_000;

/**
 * One channel as one page shows it: what the history has, what is heard, and what was said here.
 *
 * A line may come twice, from the history and as it is said, and is known by its id. What was said here is known by its nonce: it
 * waits until it is seen in either, and what is said again under the same nonce is kept once by the server.
 */
export class Conversation {
  readonly shown = new Value<Shown>({ lines: [], waiting: [], earlier: false });

  constructor(private readonly load: Sources['load']) {}

  /** A message of the room. */
  readonly heard = (heard: Heard): void => {
    if (heard.kind === 'notice') return this.#show({ notice: heard });
    this.#merge([heard]);
    const { lines } = this.shown.get();
    if (lines.length > MOST) this.#show({ lines: lines.slice(-MOST), earlier: true });
  };

  /** There is a connection that has missed what was said before it. */
  readonly refresh = async (): Promise<void> => {
    const latest = await this.load();
    const known = this.shown.get().lines;
    // What was said between the two is nowhere here: then the latest page is all that is shown.
    const leaps = known.length > 0 && latest.length === PAGE && known.at(-1)!.id < latest[0]!.id;
    if (leaps || known.length === 0)
      this.#show({ lines: leaps ? [] : known, earlier: latest.length === PAGE });
    this.#merge(latest);
  };

  readonly loadEarlier = async (): Promise<void> => {
    const [first] = this.shown.get().lines;
    const page = await this.load(first?.id);
    this.#show({ earlier: page.length === PAGE });
    this.#merge(page);
  };

  /** False where there is nothing to say. */
  say(text: string, say: Sources['say'], nonce = makeNonce()): boolean {
    if (!text.trim()) return false;
    const { waiting } = this.shown.get();
    this.#show({ waiting: [...waiting, { nonce, text: text.trim(), state: 'waiting' }] });
    void this.#send({ nonce, text: text.trim() }, say);
    return true;
  }

  /** Under the same nonce: where it was heard after all, it is not heard twice. */
  sayAgain({ nonce, text }: Say, say: Sources['say']): void {
    this.#mark(nonce, { nonce, text, state: 'waiting' });
    void this.#send({ nonce, text }, say);
  }

  /** Takes what was not heard away. */
  forget(nonce: string): void {
    const { waiting } = this.shown.get();
    this.#show({ waiting: waiting.filter((line) => line.nonce !== nonce) });
  }

  readonly dismissNotice = (): void => {
    const { notice: _, ...rest } = this.shown.get();
    this.shown.set(rest);
  };

  async #send(line: Say, say: Sources['say']): Promise<void> {
    try {
      await say(line);
    } catch (error) {
      const lost = (error as { code?: string }).code === 'lost';
      const why = error instanceof Error ? error.message : String(error);
      this.#mark(line.nonce, {
        ...line,
        ...(lost ? { state: 'lost' } : { state: 'refused', why }),
      });
    }
  }

  /** Where it still waits: what was seen in the history meanwhile was heard. */
  #mark(nonce: string, as: Waiting): void {
    const { waiting } = this.shown.get();
    this.#show({ waiting: waiting.map((line) => (line.nonce === nonce ? as : line)) });
  }

  #merge(more: readonly Line[]): void {
    const { lines, waiting } = this.shown.get();
    const byId = new Map([...lines, ...more].map((line) => [line.id, line]));
    const seen = new Set(more.map(({ nonce }) => nonce));
    this.#show({
      lines: [...byId.values()].sort((a, b) => a.id - b.id),
      waiting: waiting.filter(({ nonce }) => !seen.has(nonce)),
    });
  }

  #show(change: Partial<Shown>): void {
    this.shown.set({ ...this.shown.get(), ...change });
  }
}

// `crypto.randomUUID` is not there on a page that came by plain HTTP from another machine.
const makeNonce = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
