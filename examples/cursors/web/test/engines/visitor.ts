/** The page of a visitor to the room `session` of the fixture: it keeps a record of all that reaches it. */
import { joinRoom, room } from 'roomful';

export interface Visitor {
  /** What was heard, in order. */
  readonly heard: unknown[];
  /** Each id that it had, each once after the other. */
  readonly ids: string[];
  /** The roster after each change: the users, those who are away in brackets. */
  readonly rosters: string[];
  /** What nobody knows the fate of, and how often it was told that messages are missing. */
  readonly told: string[];
  readonly statuses: string[];
  /** Whether it was ever shown again as it was left. */
  readonly restored: boolean;
  /** What became of each line that was typed: `handled`, or the code of the error that it was told. */
  readonly fates: Record<number, string>;
  say(message: unknown): void;
  /** Says the numbers from `from` on to the others, so many a second, until {@link rest}. */
  type(from: number, perSecond: number): void;
  /** How many were typed. */
  rest(): number;
  status(): string;
}

type Session = {
  key: { id: string };
  incoming: unknown;
  outgoing: unknown;
  presence: { user: string };
};

declare global {
  interface Window {
    visitor: Visitor;
  }
}

const asked = new URLSearchParams(location.search);
const user = asked.get('user') ?? 'anon';
const told: string[] = [];
const heard: unknown[] = [];
const ids: string[] = [];
const rosters: string[] = [];
const statuses: string[] = [];
let restored = false;
const fates: Record<number, string> = {};
let typing: Worker | undefined;
let typed = 0;

addEventListener('pageshow', ({ persisted }) => (restored ||= persisted));

const visit = joinRoom(room<Session>('fixture', 'session'), {
  key: { id: asked.get('id') ?? 'a' },
  url: asked.get('url') ?? undefined,
  path: `/__sockets?user=${encodeURIComponent(user)}`,
  // Firefox makes a server wait by itself that was tried in vain too often.
  reconnect: { maxRetries: Infinity, maxDelay: 2_000 },
  onMessage: (message) => heard.push(message),
  onMissed: () => told.push('missed'),
  onError: (error) => told.push(error.code),
});
const note = (list: string[], entry: string | undefined) =>
  entry !== undefined && list.at(-1) !== entry && list.push(entry);
visit.subscribe(() => {
  note(ids, visit.self?.id);
  note(statuses, visit.status);
  const name = ({ state, away }: (typeof visit.members)[number]) =>
    away ? `(${state?.user})` : `${state?.user}`;
  note(rosters, visit.members.map(name).join(' '));
});

window.visitor = {
  heard,
  ids,
  rosters,
  told,
  statuses,
  fates,
  get restored() {
    return restored;
  },
  say: visit.send,
  type(from, perSecond) {
    typed = from;
    // A worker's timer: those of a page behind others go once a second.
    const clock = `setInterval(() => postMessage(0), ${1000 / perSecond})`;
    typing = new Worker(URL.createObjectURL(new Blob([clock], { type: 'text/javascript' })));
    typing.onmessage = () => {
      const line = typed++;
      visit.send.acked({ all: line }).then(
        () => (fates[line] = 'handled'),
        (error: { code: string }) => (fates[line] = error.code),
      );
    };
  },
  rest() {
    typing?.terminate();
    return typed;
  },
  status: () => visit.status,
};
