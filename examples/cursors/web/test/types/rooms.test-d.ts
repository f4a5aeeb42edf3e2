/**
 * What must and what must not compile, against the types that Rust wrote. Nothing here runs: a line under
 * `@ts-expect-error` that compiles is an error of `tsc`.
 */
import { joinRoom, type Member } from 'roomful';
import { useRoom } from 'roomful/preact';
import { useRoom as useReactRoom } from 'roomful/react';
import { expectTypeOf } from 'vitest';
import {
  serverFeeds,
  serverLive,
  serverRooms,
  type Busy,
  type CursorState,
  type Happening,
  type Said,
  type Whereabouts,
} from '../../src/rooms.gen.js';
import { serverRooms as reactRooms } from '../../src/rooms.react.gen.js';

const { cursors } = serverRooms;
const key = { boardId: 'main' };
const presence: CursorState = { x: 0, y: 0, name: 'Ada', color: 'rose' };

export function ownHookFreeHookAndNone(): void {
  const room = cursors.useRoom({ key, presence });
  expectTypeOf(room.send).parameter(0).toEqualTypeOf<{ text: string }>();
  expectTypeOf(room.setPresence).toBeCallableWith(presence);
  expectTypeOf(room.updatePresence).parameter(0).toEqualTypeOf<Partial<CursorState>>();
  expectTypeOf(room.members).toEqualTypeOf<readonly Member<CursorState, Whereabouts>[]>();
  expectTypeOf(useRoom(cursors, { key }).send).toEqualTypeOf(room.send);
  expectTypeOf(useReactRoom(reactRooms.cursors, { key }).send).toEqualTypeOf(room.send);
  expectTypeOf(joinRoom(cursors, { key, presence }).send).toEqualTypeOf(room.send);
}

export function messagesHaveASender(): void {
  cursors.useRoom({
    key,
    onMessage(said, from) {
      expectTypeOf(said).toEqualTypeOf<Said>();
      expectTypeOf(from).toBeString();
    },
  });
}

export function whatTheServerAloneSays(): void {
  const { value } = serverLive.boards.useLive();
  expectTypeOf(value).toEqualTypeOf<Busy[] | undefined>();
  serverFeeds.activity.useFeed({
    onEvent: (happening) => expectTypeOf(happening).toEqualTypeOf<Happening>(),
  });
  // @ts-expect-error the site has no key
  serverLive.boards.useLive({ key });
  // @ts-expect-error nobody sends anything there
  serverFeeds.activity.useFeed({ onMessage() {} });
}

export function missingKey(): void {
  // @ts-expect-error the board is not said
  cursors.useRoom({});
  // @ts-expect-error nothing is said
  cursors.useRoom();
  // @ts-expect-error the board is not in the key
  useRoom(cursors, { key: {} });
  // @ts-expect-error the same in React
  reactRooms.cursors.useRoom({ presence });
  // @ts-expect-error the same without a hook
  joinRoom(cursors, { presence });
}

export function strayKey(): void {
  // @ts-expect-error there is no `userId` in the channel's pattern
  cursors.useRoom({ key: { boardId: 'main', userId: '7' } });
  // @ts-expect-error it is `boardId` on the wire, whatever the field is called in Rust
  reactRooms.cursors.useRoom({ key: { board_id: 'main' } });
  // @ts-expect-error a key's values are strings
  cursors.useRoom({ key: { boardId: 7 } });
}

export function wrongMessage(): void {
  const { send } = cursors.useRoom({ key });
  // @ts-expect-error a message is an object
  send('hello');
  // @ts-expect-error its text is text
  send({ text: 7 });
  // @ts-expect-error the time is the server's to say
  send({ text: 'hello', at: 0 });
}

export function wrongPresence(): void {
  const { setPresence } = reactRooms.cursors.useRoom({ key });
  // @ts-expect-error the colour is missing
  setPresence({ x: 0, y: 0, name: 'Ada' });
  // @ts-expect-error there is no such colour
  setPresence({ ...presence, color: 'beige' });
  // @ts-expect-error a place is a number
  cursors.useRoom({ key, presence: { ...presence, x: '0' } });
}

export function noSuchRoom(): void {
  // @ts-expect-error the server has no such room
  void serverRooms.chess;
}
