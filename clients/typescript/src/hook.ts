/**
 * The hooks, without a framework: `preact.ts` and `react.ts` each give their own primitives.
 */
import { LINGER } from './limits.js';
import { room } from './ref.js';
import { addressOf, Membership, type AnyOptions } from './room.js';
import { FIELD, NOBODY } from './roster.js';
import type {
  HookRef,
  Member,
  MemberBinding,
  Room,
  RoomArgs,
  RoomField,
  RoomOptions,
  RoomRef,
  RoomTypes,
} from './types.js';

export interface Framework {
  useState<S>(make: () => S): readonly [S, ...unknown[]];
  useMemo<V>(make: () => V, inputs: readonly unknown[]): V;
  useEffect(effect: () => void | (() => void), inputs?: readonly unknown[]): void;
  useLayoutEffect(effect: () => void, inputs?: readonly unknown[]): void;
  /** Renders again when `get` gives something else after a call of the listener. */
  useStore<V>(subscribe: (listener: () => void) => () => void, get: () => V): V;
}

export interface Hooks {
  room<T extends RoomTypes>(module: string, name: string): HookRef<T>;
  useRoom<T extends RoomTypes>(ref: RoomRef<T>, ...args: RoomArgs<T>): Room<T>;
  useMember<P>(binding: MemberBinding<P>): Member<P> | undefined;
}

export function hooksFor(framework: Framework): Hooks {
  const { useState, useMemo, useEffect, useLayoutEffect, useStore } = framework;

  function useAnyRoom(ref: RoomRef<any>, options: AnyOptions): Room<any> {
    const [reader] = useState(() => new Reader(options));
    const { membership } = reader;
    const enabled = options.enabled !== false;
    const address = addressOf(ref, options);

    // Not while rendering, because a render may be thrown away; and before the browser handles anything
    // else, so that no event meets the callbacks of the render before.
    useLayoutEffect(() => {
      membership.options = options;
    });
    const version = useStore(reader.subscribe, reader.version);
    useEffect(() => {
      membership.join(ref);
      return () => membership.leave(LINGER);
    }, [membership, address, enabled, options.WebSocket]);

    return useMemo(() => reader.view(address, enabled), [reader, version, address, enabled]);
  }

  const useRoom = <T extends RoomTypes>(ref: RoomRef<T>, ...args: RoomArgs<T>): Room<T> =>
    useAnyRoom(ref, (args[0] as RoomOptions<any> | undefined) ?? {});

  return {
    useRoom,
    useMember: (binding) => useStore(binding.subscribe, binding.get),
    room<T extends RoomTypes>(module: string, name: string): HookRef<T> {
      const ref = room<T>(module, name);
      return { ...ref, useRoom: (...args) => useRoom(ref, ...args) };
    },
  };
}

type Values = Pick<Membership, RoomField>;

const EMPTY: Values = {
  status: 'connecting',
  closeInfo: undefined,
  members: NOBODY,
  memberIds: NOBODY,
  self: undefined,
  others: NOBODY,
};

const DISABLED: Values = { ...EMPTY, status: 'closed' };

/** Remembers what a component has read, and wakes it for nothing else. */
class Reader {
  readonly membership: Membership;
  #read = 0;
  #version = 0;
  readonly #listeners = new Set<() => void>();

  constructor(options: AnyOptions) {
    this.membership = new Membership(options);
    this.membership.watch((fields) => {
      if ((fields & this.#read) === 0) return;
      this.#version++;
      this.#listeners.forEach((listener) => listener());
    });
  }

  readonly version = (): number => this.#version;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /**
   * A new object whenever something that was read has changed, so that memoised children notice. Between
   * the render with another key and the effect that moves there, it shows the new room as not yet joined,
   * and not the old one.
   */
  view(address: string, enabled: boolean): Room<any> {
    const { membership } = this;
    const read = <F extends RoomField>(field: F): Values[F] => {
      this.#read |= FIELD[field];
      if (!enabled) return DISABLED[field];
      return membership.address === address ? membership[field] : EMPTY[field];
    };
    return {
      send: membership.send,
      setPresence: membership.setPresence,
      close: membership.close,
      member: membership.member,
      get status() {
        return read('status');
      },
      get closeInfo() {
        return read('closeInfo');
      },
      get members() {
        return read('members');
      },
      get memberIds() {
        return read('memberIds');
      },
      get self() {
        return read('self');
      },
      get others() {
        return read('others');
      },
    };
  }
}
