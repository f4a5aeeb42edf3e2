'use client';

import { useEffect, useLayoutEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { connectionHook, type UseConnection } from './hook/connection.js';
import { feedHook, feedMaker, type MakeFeed, type UseFeed } from './hook/feed.js';
import { liveHook, liveMaker, type MakeLive, type UseLive } from './hook/live.js';
import { othersHook, type UseOthers } from './hook/others.js';
import type { Framework } from './hook/reader.js';
import {
  memberHook,
  roomHook,
  roomMaker,
  type MakeRoom,
  type UseMember,
  type UseRoom,
} from './hook/room.js';
import { socketHook, socketMaker, type MakeSocket, type UseSocket } from './hook/socket.js';
import { usersHook, type UseUsers } from './hook/users.js';

export * from './index.js';

const framework: Framework = {
  useState,
  useMemo,
  useEffect,
  // React 18 warns about a layout effect on a server, where no effect runs anyway.
  useLayoutEffect: typeof document === 'undefined' ? useEffect : useLayoutEffect,
  useStore: useSyncExternalStore,
};

/**
 * Joins a room for as long as the component is mounted, and renders it again when something of the room
 * that it has read changes; a message is not such a thing.
 *
 * ```tsx
 * const { send, members, status } = useRoom(serverRooms.cursors, { key: { boardId: 'main' } });
 * ```
 */
export const useRoom: UseRoom = /* @__PURE__ */ roomHook(framework);

/** One member, for a row that renders when that member changes and at no other time. */
export const useMember: UseMember = /* @__PURE__ */ memberHook(framework);

/**
 * What `selector` makes of the others in a room. The component renders when that says something else, and at no other
 * time: lists and plain objects are compared by what they hold.
 *
 * ```tsx
 * const typing = useOthers(room, (others) => others.filter(({ state }) => state?.isTyping).length);
 * ```
 */
export const useOthers: UseOthers = /* @__PURE__ */ othersHook(framework);

/**
 * Who is in a room, each person once, in the order in which they came. The component renders when that changes (who,
 * with which members, away, what the server says of them), and not when somebody shows something else.
 *
 * ```tsx
 * const faces = useUsers(room).map(({ user, away }) => <Face key={user} of={user} away={away} />);
 * ```
 */
export const useUsers: UseUsers = /* @__PURE__ */ usersHook(framework);

/**
 * What is known of the connection of a room or socket; the component renders when that changes. `onLost` is called once
 * for each loss that has lasted 5 s and is not for good: time for a banner.
 *
 * ```tsx
 * const { online, roundTrip } = useConnection(room, () => setBanner(true));
 * ```
 */
export const useConnection: UseConnection = /* @__PURE__ */ connectionHook(framework);

/** Like `room` of `roomful`, with a `useRoom` method. */
export const room: MakeRoom = /* @__PURE__ */ roomMaker(useRoom);

/**
 * Opens a socket for as long as the component is mounted, on a connection of its own, and renders it again
 * when something of the socket that it has read changes. A message is such a thing only as `lastMessage`,
 * which is there only with the option `lastMessage: true`.
 *
 * ```tsx
 * const { send, status } = useSocket(serverSockets.chat, { params: { docId: 'readme' }, onMessage });
 * ```
 */
export const useSocket: UseSocket = /* @__PURE__ */ socketHook(framework);

/** Like `socket` of `roomful`, with a `useSocket` method. */
export const socket: MakeSocket = /* @__PURE__ */ socketMaker(useSocket);

/**
 * Listens to a feed for as long as the component is mounted. An event renders nothing, unless `initial` and `reduce` make a
 * state of the events, and the component reads that.
 *
 * ```tsx
 * const { state } = useFeed(serverFeeds.activity, {
 *   key: { boardId: 'main' },
 *   initial: [] as Saved[],
 *   reduce: (last, event) => [event, ...last].slice(0, 20),
 * });
 * ```
 */
export const useFeed: UseFeed = /* @__PURE__ */ feedHook(framework);

/** Like `feed` of `roomful`, with a `useFeed` method. */
export const feed: MakeFeed = /* @__PURE__ */ feedMaker(useFeed);

/**
 * Watches a live value for as long as the component is mounted, and renders it again when that, or something else that it
 * has read, changes.
 *
 * ```tsx
 * const { value, error } = useLive(serverLive.tasks, { key: { boardId: 'main' } });
 * ```
 */
export const useLive: UseLive = /* @__PURE__ */ liveHook(framework);

/** Like `live` of `roomful`, with a `useLive` method. */
export const live: MakeLive = /* @__PURE__ */ liveMaker(useLive);
