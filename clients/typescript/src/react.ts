import { useEffect, useLayoutEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { hooksFor, type Hooks } from './hook.js';

export * from './index.js';

const hooks = hooksFor({
  useState,
  useMemo,
  useEffect,
  // React 18 warns about a layout effect on a server, where no effect runs anyway.
  useLayoutEffect: typeof document === 'undefined' ? useEffect : useLayoutEffect,
  useStore: useSyncExternalStore,
});

/** Like `room` of `roomful`, with a `useRoom` method. */
export const room: Hooks['room'] = hooks.room;

/**
 * Joins a room for as long as the component is mounted, and renders it again when something of the room
 * that it has read changes; a message is not such a thing.
 *
 * ```tsx
 * const { send, members, status } = useRoom(serverRooms.cursors, { key: { boardId: 'main' } });
 * ```
 */
export const useRoom: Hooks['useRoom'] = hooks.useRoom;

/** One member, for a row that renders when that member changes and at no other time. */
export const useMember: Hooks['useMember'] = hooks.useMember;
