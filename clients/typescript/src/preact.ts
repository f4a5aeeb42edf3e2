import { useEffect, useLayoutEffect, useMemo, useReducer, useState } from 'preact/hooks';
import { hooksFor, type Hooks } from './hook.js';

export * from './index.js';

const hooks = hooksFor({
  useState,
  useMemo,
  useEffect,
  useLayoutEffect,
  useStore(subscribe, get) {
    const value = get();
    const [, render] = useReducer<number, void>((count) => count + 1, 0);
    const [shown] = useState(() => ({ value }));
    useLayoutEffect(() => {
      shown.value = value;
    });
    useLayoutEffect(() => {
      const check = () => {
        if (!Object.is(shown.value, get())) render();
      };
      // What changed between the render and this effect has told nobody.
      check();
      return subscribe(check);
    }, [subscribe, get]);
    return value;
  },
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
