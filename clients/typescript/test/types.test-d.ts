/**
 * What must not compile. `npm run test:types` checks this file: a line under `@ts-expect-error` that
 * compiles is an error.
 */
import {
  connectionOf,
  joinRoom,
  onLost,
  room as plainRoom,
  usersOf,
  type Binding,
  type ConnectionInfo,
  type Member,
  type MemberBinding,
  type Room,
  type User,
} from '../src/index.js';
import {
  room as preactRoom,
  useConnection as usePreactConnection,
  useMember as usePreactMember,
  useOthers as usePreactOthers,
  useRoom as usePreactRoom,
  useUsers as usePreactUsers,
} from '../src/preact.js';
import {
  room as reactRoom,
  useConnection,
  useMember,
  useOthers,
  useRoom,
  useUsers,
} from '../src/react.js';

interface CursorMsg {
  x: number;
  y: number;
}
interface CursorState extends CursorMsg {
  name: string;
}
type Cursors = {
  key: { boardId: string };
  incoming: CursorMsg;
  outgoing: { echo: CursorMsg };
  presence: CursorState;
};
type Optional = { key: { a?: string }; incoming: string; outgoing: string };
type Lobby = { key: {}; incoming: string; outgoing: string; presence: never };

// As the generator writes it, for each of the three entries.
export const serverRooms = {
  cursors: reactRoom<Cursors>('board', 'cursors'),
  optional: reactRoom<Optional>('board', 'optional'),
  lobby: reactRoom<Lobby>('board', 'lobby'),
} as const;
export const inPreact = { cursors: preactRoom<Cursors>('board', 'cursors') } as const;
export const inPlain = {
  cursors: plainRoom<Cursors>('board', 'cursors'),
  optional: plainRoom<Optional>('board', 'optional'),
  lobby: plainRoom<Lobby>('board', 'lobby'),
  keyless: plainRoom<{ incoming: string; outgoing: string; presence: undefined }>('board', 'k'),
} as const;

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => {};

const key = { boardId: 'main' };

export function rightKeys(): void {
  useRoom(serverRooms.cursors, { key });
  useRoom(inPreact.cursors, { key });
  useRoom(inPlain.cursors, { key });
  usePreactRoom(inPlain.cursors, { key });
  serverRooms.cursors.useRoom({ key });
  inPreact.cursors.useRoom({ key });
  joinRoom(inPlain.cursors, { key });
  joinRoom(serverRooms.cursors, { key });

  useRoom(serverRooms.optional, { key: {} });
  serverRooms.optional.useRoom({ key: {} });
  joinRoom(inPlain.optional, { key: { a: 'x' } });
  joinRoom(inPlain.optional, { key: { a: undefined } });
  serverRooms.lobby.useRoom();
  serverRooms.lobby.useRoom({});
  joinRoom(inPlain.lobby);
  joinRoom(inPlain.keyless, { enabled: true });
}

export function aMissingKey(): void {
  // @ts-expect-error the options are missing
  useRoom(serverRooms.cursors);
  // @ts-expect-error the options are missing
  serverRooms.cursors.useRoom();
  // @ts-expect-error the options are missing
  joinRoom(inPlain.cursors);
  // @ts-expect-error the key is missing
  useRoom(serverRooms.cursors, {});
  // @ts-expect-error the options are missing, though no param is required
  useRoom(serverRooms.optional);
  // @ts-expect-error the key is missing, though no param is required
  useRoom(serverRooms.optional, {});
  // @ts-expect-error the options are missing, though no param is required
  serverRooms.optional.useRoom();
  // @ts-expect-error the key is missing, though no param is required
  joinRoom(inPlain.optional, { enabled: true });
  // @ts-expect-error the key is missing
  serverRooms.cursors.useRoom({ presence: { x: 0, y: 0, name: '' } });
  // @ts-expect-error the key is missing
  inPreact.cursors.useRoom({});
  // @ts-expect-error the key is missing
  joinRoom(inPlain.cursors, {});
  // @ts-expect-error a param is missing
  joinRoom(inPlain.cursors, { key: {} });
  // @ts-expect-error a required param may not be undefined
  joinRoom(inPlain.cursors, { key: { boardId: undefined } });
  // @ts-expect-error a param is of the wrong type
  serverRooms.cursors.useRoom({ key: { boardId: 4 } });
  // @ts-expect-error a param may be absent, but not null
  joinRoom(inPlain.optional, { key: { a: null } });
}

export function aStrayKey(): void {
  // @ts-expect-error no such param
  serverRooms.cursors.useRoom({ key: { boardId: 'main', page: '1' } });
  // @ts-expect-error no such param
  joinRoom(inPlain.cursors, { key: { boardId: 'main', page: '1' } });
  // @ts-expect-error no such param
  useRoom(serverRooms.optional, { key: { b: 'x' } });
  // @ts-expect-error this room has no params
  serverRooms.lobby.useRoom({ key: { boardId: 'main' } });
  // @ts-expect-error this room has no params
  joinRoom(inPlain.lobby, { key: {} });
  // @ts-expect-error this room has no params
  joinRoom(inPlain.keyless, { key });
  // @ts-expect-error no such option
  joinRoom(inPlain.cursors, { key, retries: 3 });
}

export function messages(): void {
  const { send } = serverRooms.cursors.useRoom({
    key,
    onMessage(message, from) {
      same<typeof message, { echo: CursorMsg }>(true);
      same<typeof from, string>(true);
    },
  });
  send({ x: 1, y: 2 });
  // @ts-expect-error a wrong message
  send({ x: 1 });
  // @ts-expect-error a stray field
  send({ x: 1, y: 2, z: 3 });
  // @ts-expect-error what comes out does not go in
  send({ echo: { x: 1, y: 2 } });
  // @ts-expect-error no message
  send();
  // @ts-expect-error a handler of something else
  joinRoom(inPlain.cursors, { key, onMessage: (message: string) => message });
  // @ts-expect-error a wrong message
  joinRoom(inPlain.lobby).send(5);
}

export function presence(): void {
  const state: CursorState = { x: 0, y: 0, name: '' };
  const cursors = useRoom(serverRooms.cursors, { key, presence: state });
  cursors.setPresence(state);
  same<typeof cursors.members, readonly Member<CursorState, never>[]>(true);
  same<typeof cursors.self, Member<CursorState, never> | undefined>(true);
  same<typeof cursors, Room<Cursors>>(true);
  // @ts-expect-error a wrong presence
  useRoom(serverRooms.cursors, { key, presence: { x: 0, y: 0 } });
  // @ts-expect-error a wrong presence
  joinRoom(inPlain.cursors, { key, presence: { ...state, x: '0' } });
  // @ts-expect-error a wrong presence
  cursors.setPresence({ x: 1 });
  // @ts-expect-error presence is whole, not a part
  cursors.setPresence({ x: 1, y: 1 });
  cursors.setPresence((previous) => {
    same<typeof previous, CursorState | undefined>(true);
    return { ...state, ...previous, x: 1 };
  });
  // @ts-expect-error there may be no previous one
  cursors.setPresence((previous) => ({ ...previous, x: 1 }));
  // @ts-expect-error it makes a wrong presence
  cursors.setPresence(() => ({ x: 1 }));
  // @ts-expect-error a function that makes none
  cursors.setPresence(() => {});
  cursors.updatePresence({ x: 1, y: 1 });
  cursors.updatePresence({});
  // @ts-expect-error a wrong field
  cursors.updatePresence({ x: '1' });
  // @ts-expect-error no such field
  cursors.updatePresence({ z: 1 });
  // @ts-expect-error a part, not a function
  cursors.updatePresence((previous: CursorState) => previous);
  // @ts-expect-error this room has no presence
  joinRoom(inPlain.lobby).setPresence(() => ({}));
  // @ts-expect-error this room has no presence
  joinRoom(inPlain.keyless).updatePresence({});
  // @ts-expect-error this room has no presence
  joinRoom(inPlain.lobby, { presence: {} });
  // @ts-expect-error this room has no presence
  joinRoom(inPlain.keyless).setPresence({});
  // @ts-expect-error this room has no presence
  joinRoom(inPlain.optional, { key: {} }).setPresence(undefined);
  // @ts-expect-error members are not to be changed
  cursors.members.push({ id: 'x' });
  // @ts-expect-error a member may have no state
  cursors.self?.state.x;
}

export function bindings(): void {
  const { member } = joinRoom(inPlain.cursors, { key });
  same<ReturnType<typeof member>, MemberBinding<CursorState, never>>(true);
  same<ReturnType<typeof useMember<CursorState, never>>, Member<CursorState, never> | undefined>(
    true,
  );
  const row = usePreactMember(member('x'));
  same<typeof row, Member<CursorState, never> | undefined>(true);
  // @ts-expect-error no such field
  joinRoom(inPlain.lobby).subscribe(() => {}, ['messages']);
}

export function watching(): void {
  const room = useRoom(serverRooms.cursors, { key });
  const far = useOthers(room, (others) => {
    same<typeof others, readonly Member<CursorState, never>[]>(true);
    return others.filter(({ state }) => state && state.x > 1).length;
  });
  same<typeof far, number>(true);
  const ids = usePreactOthers(joinRoom(inPlain.cursors, { key }), (others) =>
    others.map(({ id }) => id),
  );
  same<typeof ids, string[]>(true);
  // @ts-expect-error a member may have no state
  useOthers(room, (others) => others.map(({ state }) => state.x));
  // @ts-expect-error not a room
  useOthers(room.others, (others: unknown) => others);
}

export function users(): void {
  type Said = { presence: CursorState; info: { name: string } };
  const said = useUsers(useRoom(reactRoom<Said>('board', 'said')));
  same<typeof said, readonly User<{ name: string }>[]>(true);
  said[0]!.info?.name;
  const { members, self } = joinRoom(inPlain.cursors, { key });
  same<NonNullable<typeof self>['user'], string | undefined>(true);
  members[0]!.user?.length;
  const seen = usePreactUsers(usePreactRoom(inPlain.cursors, { key }))[0]!;
  same<typeof seen.user, string>(true);
  same<typeof seen.members, readonly string[]>(true);
  same<typeof seen.away, boolean>(true);
  // @ts-expect-error the server says nothing of a member here
  seen.info?.name;
  // @ts-expect-error it is not to be set
  seen.away = true;
  same<ReturnType<typeof usersOf>, Binding<readonly User<any>[]>>(true);
  usersOf(joinRoom(inPlain.cursors, { key })).get()[0]?.user.length;
  // @ts-expect-error not a room
  usersOf(members);
}

export function theConnection(): void {
  const room = joinRoom(inPlain.cursors, { key, presenceRate: 10 });
  room.reconnect();
  const connection = connectionOf(room);
  same<typeof connection, Binding<ConnectionInfo>>(true);
  same<ReturnType<typeof connection.get>['lostSince'], number | undefined>(true);
  const stop = onLost(room, ({ code }) => same<typeof code, number>(true));
  stop();
  const { online } = useConnection(useRoom(serverRooms.cursors, { key }), ({ reason }) => reason);
  same<typeof online, boolean>(true);
  usePreactConnection(usePreactRoom(inPlain.cursors, { key }));
  // @ts-expect-error it is not to be set
  connection.get().online = true;
  // @ts-expect-error not a room
  connectionOf(room.members);
  // @ts-expect-error a wrong rate
  joinRoom(inPlain.cursors, { key, presenceRate: '10' });
}

/** `send` gives nothing back, and nothing to catch. */
export function whatSendingGives(): void {
  const { send, setPresence, updatePresence } = joinRoom(inPlain.cursors, { key });
  same<ReturnType<typeof send>, void>(true);
  same<ReturnType<typeof send.acked>, Promise<void>>(true);
  send.acked({ x: 1, y: 2 });
  // @ts-expect-error a wrong message
  send.acked({ x: 1 });
  const { send: inHook } = serverRooms.cursors.useRoom({ key });
  same<typeof inHook, typeof send>(true);
  same<ReturnType<typeof setPresence>, void>(true);
  same<ReturnType<typeof updatePresence>, void>(true);
}

/** What the server says of a member. */
export function info(): void {
  type Card = { name: string };
  type Said = { presence: CursorState; info: Card };
  const { self, members, member, setPresence } = joinRoom(plainRoom<Said>('board', 'said'));
  same<typeof self, Member<CursorState, Card> | undefined>(true);
  same<typeof members, readonly Member<CursorState, Card>[]>(true);
  same<ReturnType<typeof member>, MemberBinding<CursorState, Card>>(true);
  const row = useMember(member('x'));
  same<typeof row, Member<CursorState, Card> | undefined>(true);
  const shownByAnyRoom: readonly Member<CursorState>[] = members;
  shownByAnyRoom.map(({ state }) => state?.name);
  // @ts-expect-error it may be absent
  self?.info.name;
  same<NonNullable<typeof self>['away'], true | undefined>(true);
  // @ts-expect-error only the server says it
  setPresence({ x: 0, y: 0, name: '', info: { name: '' } });
  // @ts-expect-error this room says nothing of its members
  joinRoom(inPlain.cursors, { key }).self?.info?.name;
}

/** With `exactOptionalPropertyTypes` too, with which this file is checked again. */
export function whatIsUndefinedIsLeftOut(some: undefined | never): void {
  const options = {
    onMessage: some,
    onOpen: some,
    onResume: some,
    onMissed: some,
    presence: some,
    enabled: some,
    url: some,
    credentials: some,
  };
  joinRoom(inPlain.cursors, { key, ...options, share: some, reconnect: { maxRetries: some } });
  serverRooms.optional.useRoom({ key: { a: some }, shouldReconnect: some });
  joinRoom(inPlain.optional, { key: {} as { a?: string }, WebSocket: some });
}

/** What is set may be less than what is seen. */
export function incomingPresence(some: undefined): void {
  type Sides = { presence: { name: string }; presenceIncoming: { name?: string } };
  const { setPresence, updatePresence, self } = joinRoom(plainRoom<Sides>('board', 'sides'), {
    presence: {},
  });
  setPresence({});
  setPresence((previous) => {
    same<typeof previous, { name: string } | { name?: string } | undefined>(true);
    return {};
  });
  updatePresence({ name: some });
  same<typeof self, Member<{ name: string }, never> | undefined>(true);
  // @ts-expect-error a wrong presence
  setPresence({ name: 1 });
}

/** What has no fields cannot be set in part. */
export function presenceWithoutFields(): void {
  type Mood = { presence: 'glad' | 'grave' };
  const mood = joinRoom(plainRoom<Mood>('board', 'mood'));
  mood.setPresence('glad');
  mood.setPresence((previous) => (previous === 'glad' ? 'grave' : 'glad'));
  // @ts-expect-error not a state of this room
  mood.setPresence('sad');
  // @ts-expect-error a word has no fields
  mood.updatePresence('glad');
  const list = joinRoom(plainRoom<{ presence: string[] }>('board', 'list'));
  list.setPresence((previous) => [...(previous ?? []), 'a']);
  // @ts-expect-error a list has no fields
  list.updatePresence(['a']);
}

/** What browsers, Node and `ws` call a WebSocket will do. */
export function aWebSocket(): void {
  joinRoom(inPlain.lobby, { WebSocket });
  // @ts-expect-error not a WebSocket
  joinRoom(inPlain.lobby, { WebSocket: Map });
}
