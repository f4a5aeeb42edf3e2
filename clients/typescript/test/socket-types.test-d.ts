/** What of sockets must not compile; see `types.test-d.ts`. */
import {
  openSocket,
  joinRoom,
  room as plainRoom,
  socket as plainSocket,
  connectionOf,
  type Binding,
  type ConnectionInfo,
  type Socket,
  type SocketHandle,
} from '../src/index.js';
import { socket as preactSocket, useSocket as usePreactSocket } from '../src/preact.js';
import { socket as reactSocket, useConnection, useRoom, useSocket } from '../src/react.js';

interface Ask {
  question: string;
}
interface Answer {
  answer: string;
}
type Chat = { params: { docId: string }; incoming: Ask; outgoing: Answer };
type Optional = { params: { a?: string }; incoming: string; outgoing: string };
type Clock = { params: {}; incoming: string; outgoing: string };

// As the generator writes it, for each of the three entries.
export const serverSockets = {
  chat: reactSocket<Chat>('docs', 'chat'),
  optional: reactSocket<Optional>('docs', 'optional'),
  clock: reactSocket<Clock>('docs', 'clock'),
} as const;
export const inPreact = { chat: preactSocket<Chat>('docs', 'chat') } as const;
export const inPlain = {
  chat: plainSocket<Chat>('docs', 'chat'),
  optional: plainSocket<Optional>('docs', 'optional'),
  clock: plainSocket<Clock>('docs', 'clock'),
  bare: plainSocket<{ incoming: string; outgoing: string }>('docs', 'bare'),
} as const;

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => {};

const params = { docId: 'a' };

export function rightParams(): void {
  useSocket(serverSockets.chat, { params });
  useSocket(inPlain.chat, { params });
  usePreactSocket(inPreact.chat, { params });
  serverSockets.chat.useSocket({ params });
  inPreact.chat.useSocket({ params });
  openSocket(inPlain.chat, { params });
  openSocket(serverSockets.chat, { params, share: true });

  serverSockets.optional.useSocket({ params: {} });
  openSocket(inPlain.optional, { params: { a: 'x' } });
  serverSockets.clock.useSocket();
  serverSockets.clock.useSocket({});
  useSocket(inPlain.clock);
  openSocket(inPlain.bare, { enabled: true });
}

export function missingParams(): void {
  // @ts-expect-error the options are missing
  useSocket(serverSockets.chat);
  // @ts-expect-error the options are missing
  serverSockets.chat.useSocket();
  // @ts-expect-error the options are missing
  openSocket(inPlain.chat);
  // @ts-expect-error the params are missing
  useSocket(serverSockets.chat, {});
  // @ts-expect-error the params are missing
  serverSockets.chat.useSocket({ lastMessage: true });
  // @ts-expect-error the params are missing
  openSocket(inPlain.chat, {});
  // @ts-expect-error the options are missing, though no param is required
  serverSockets.optional.useSocket();
  // @ts-expect-error the params are missing, though none is required
  openSocket(inPlain.optional, { share: true });
  // @ts-expect-error a param is missing
  openSocket(inPlain.chat, { params: {} });
}

export function wrongParams(): void {
  // @ts-expect-error a param is of the wrong type
  serverSockets.chat.useSocket({ params: { docId: 4 } });
  // @ts-expect-error no such param
  inPreact.chat.useSocket({ params: { docId: 'a', page: '1' } });
  // @ts-expect-error no such param
  useSocket(serverSockets.optional, { params: { b: 'x' } });
  // @ts-expect-error a param may be absent, but not null
  openSocket(inPlain.optional, { params: { a: null } });
  // @ts-expect-error this socket has no params
  serverSockets.clock.useSocket({ params });
  // @ts-expect-error this socket has no params
  openSocket(inPlain.bare, { params: {} });
  // @ts-expect-error rooms have a key, sockets have params
  openSocket(inPlain.chat, { key: params });
  // @ts-expect-error sockets have no presence
  openSocket(inPlain.chat, { params, presence: {} });
  // @ts-expect-error no such option
  openSocket(inPlain.chat, { params, retries: 3 });
}

export function messages(): void {
  const { send } = serverSockets.chat.useSocket({
    params,
    onMessage(message) {
      same<typeof message, Answer>(true);
    },
  });
  send({ question: 'why?' });
  // @ts-expect-error what comes out does not go in
  send({ answer: 'because' });
  // @ts-expect-error only what is said in a room is answered
  send.acked({ question: 'why?' });
  // @ts-expect-error a stray field
  send({ question: 'why?', more: 1 });
  // @ts-expect-error no message
  send();
  // @ts-expect-error a handler of something else
  openSocket(inPlain.chat, { params, onMessage: (message: string) => message });
  // @ts-expect-error a message of a socket has no sender
  openSocket(inPlain.chat, { params, onMessage: (message, from: string) => from });
  // @ts-expect-error a socket has no session
  openSocket(inPlain.chat, { params, onMissed() {} });
  useSocket(inPlain.chat, { params, onMessage: (message) => same<typeof message, Answer>(true) });
}

export function lastMessage(wanted: boolean): void {
  const asked = serverSockets.chat.useSocket({ params, lastMessage: true });
  same<typeof asked, Socket<Chat, true>>(true);
  same<typeof asked.lastMessage, Answer | undefined>(true);
  same<ReturnType<typeof useClock>, string | undefined>(true);
  const maybe = inPreact.chat.useSocket({ params, lastMessage: wanted });
  same<typeof maybe.lastMessage, Answer | undefined>(true);
  const handle = openSocket(inPlain.chat, { params, lastMessage: true });
  same<typeof handle, SocketHandle<Chat, true>>(true);
  handle.subscribe(() => handle.lastMessage?.answer, ['lastMessage']);

  // @ts-expect-error it was not asked for
  serverSockets.chat.useSocket({ params }).lastMessage;
  // @ts-expect-error it was not asked for
  serverSockets.clock.useSocket().lastMessage;
  // @ts-expect-error it was not asked for
  useSocket(inPlain.chat, { params, lastMessage: false }).lastMessage;
  // @ts-expect-error it was not asked for
  openSocket(inPlain.chat, { params }).lastMessage;
  // @ts-expect-error it may not be there yet
  asked.lastMessage.answer;
  // @ts-expect-error it is not to be set
  asked.lastMessage = undefined;
}

function useClock() {
  return useSocket(inPlain.clock, { lastMessage: true }).lastMessage;
}

export function aSocketIsNoRoom(): void {
  const { status, close, closeInfo } = openSocket(inPlain.clock);
  same<typeof status, 'connecting' | 'open' | 'reconnecting' | 'closing' | 'closed'>(true);
  close(closeInfo?.code, closeInfo?.reason);
  openSocket(inPlain.clock).reconnect();
  same<ReturnType<typeof connectionOf>, Binding<ConnectionInfo>>(true);
  connectionOf(openSocket(inPlain.clock, { lastMessage: true }));
  useConnection(useSocket(inPlain.clock)).online;
  // @ts-expect-error sockets have no presence
  openSocket(inPlain.clock, { presenceRate: 10 });
  // @ts-expect-error sockets have no roster
  openSocket(inPlain.clock).members;
  // @ts-expect-error no such field
  openSocket(inPlain.clock).subscribe(() => {}, ['members']);
  // @ts-expect-error a socket cannot be joined
  joinRoom(inPlain.clock);
  // @ts-expect-error a socket cannot be joined
  useRoom(serverSockets.clock);
  // @ts-expect-error a room cannot be opened
  openSocket(plainRoom<{ incoming: string }>('board', 'lobby'));
}

export function credentials(): void {
  openSocket(inPlain.clock, { credentials: 'token' });
  openSocket(inPlain.clock, { credentials: () => undefined });
  useSocket(inPlain.clock, { credentials: async () => 'token' });
  // @ts-expect-error they are a text
  openSocket(inPlain.clock, { credentials: 5 });
  // @ts-expect-error they are a text
  openSocket(inPlain.clock, { credentials: async () => ({ token: '' }) });
}
