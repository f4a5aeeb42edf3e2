/**
 * The hooks, without a framework: `preact.ts` and `react.ts` each give their own primitives.
 */
import { LINGER, MAX_QUEUED_FRAMES } from './limits.js';
import { createBindings } from './member.js';
import { full } from './outbox.js';
import { room } from './ref.js';
import { join, type AnyOptions, type Membership } from './room.js';
import { FIELDS, NOBODY } from './roster.js';
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
import { keyParams } from './url.js';

export interface Framework {
  useState<S>(make: () => S): readonly [S, ...unknown[]];
  useMemo<V>(make: () => V, inputs: readonly unknown[]): V;
  useEffect(effect: () => void | (() => void), inputs?: readonly unknown[]): void;
  useLayoutEffect(effect: () => void, inputs?: readonly unknown[]): void;
  /**
   * Renders again when `get` gives something else after a call of the listener. `onServer`: what a server
   * renders, and hydration begins with.
   */
  useStore<V>(subscribe: (listener: () => void) => () => void, get: () => V, onServer: () => V): V;
}

export interface Hooks {
  room<T extends RoomTypes>(module: string, name: string): HookRef<T>;
  useRoom<T extends RoomTypes>(ref: RoomRef<T>, ...args: RoomArgs<T>): Room<T>;
  useMember<P>(binding: MemberBinding<P>): Member<P> | undefined;
}

export function hooksFor(framework: Framework): Hooks {
  const { useState, useMemo, useEffect, useLayoutEffect, useStore } = framework;

  function useAnyRoom(ref: RoomRef<any>, options: AnyOptions): Room<any> {
    const [reader] = useState(() => new Reader());
    const enabled = options.enabled !== false;
    const address = addressOf(ref, options);

    // Not while rendering, because a render may be thrown away; and before the browser handles anything
    // else, so that no event meets the callbacks of the render before.
    useLayoutEffect(() => reader.follow(options));
    const version = useStore(reader.subscribe, reader.version, reader.version);
    useEffect(() => reader.join(ref, address), [reader, address, options.WebSocket]);

    return useMemo(() => reader.view(address, enabled), [reader, version, address, enabled]);
  }

  const useRoom = <T extends RoomTypes>(ref: RoomRef<T>, ...args: RoomArgs<T>): Room<T> =>
    useAnyRoom(ref, (args[0] as RoomOptions<any> | undefined) ?? {});

  return {
    useRoom,
    useMember: (binding) => useStore(binding.subscribe, binding.get, nobody),
    room<T extends RoomTypes>(module: string, name: string): HookRef<T> {
      const ref = room<T>(module, name);
      return { ...ref, useRoom: (...args) => useRoom(ref, ...args) };
    },
  };
}

const nobody = (): undefined => undefined;

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

/**
 * A component's way to the room that it shows now. It remembers what the component has read, and wakes
 * it for nothing else.
 */
class Reader {
  #options: AnyOptions = {};
  /** What is shown, while the component asks for this address. */
  #membership: Membership | undefined;
  #address: string | undefined;
  /** Who takes what is sent; `undefined` between rooms. */
  #target: Membership | undefined;
  /** What was sent between rooms: a child's effects run before its parent's. */
  #early: ((membership: Membership) => void)[] = [];
  /** The last presence set, and where; nowhere yet, if it was between rooms. */
  #presence: { address: string | undefined; state: unknown } | undefined;
  /** A membership that is over when its timer has run. */
  #left:
    { membership: Membership; address: string; timer: ReturnType<typeof setTimeout> } | undefined;
  #read = 0;
  #version = 0;
  readonly #listeners = new Set<() => void>();
  readonly #bindings = createBindings((id) => this.#target?.find(id));

  follow(options: AnyOptions): void {
    this.#options = options;
    this.#membership?.follow(options);
  }

  /** Returns how to leave. */
  join(ref: RoomRef<any>, address: string): () => void {
    const before = this.#membership?.memberIds ?? [];
    const membership = this.#resume(address) ?? this.#enter(ref, address);
    membership.follow(this.#options);
    this.#membership = membership;
    this.#address = address;
    this.#aim(membership);
    const fields = this.#options.enabled === false ? 0 : joinedFields(membership);
    this.#changed(fields, new Set([...before, ...membership.memberIds]));
    return () => this.#leave(membership, address);
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
    const read = <F extends RoomField>(field: F): Values[F] => {
      this.#read |= 1 << FIELDS.indexOf(field);
      if (!enabled) return DISABLED[field];
      const shown = this.#address === address ? this.#membership : undefined;
      return (shown ?? EMPTY)[field];
    };
    return {
      send: this.#send,
      setPresence: this.#setPresence,
      close: this.#close,
      member: this.#member,
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

  #enter(ref: RoomRef<any>, address: string): Membership {
    const last = this.#presence;
    if (last) last.address ??= address;
    // A component that comes back to its room brings what it last set there, not what it began with.
    const presence = last?.address === address ? last.state : this.#options.presence;
    const membership = join(ref, { ...this.#options, presence });
    membership.watch((fields, ids) => {
      if (membership === this.#target) this.#changed(fields, ids);
    });
    return membership;
  }

  /** The membership that has just been left, when effects are run again without need. */
  #resume(address: string): Membership | undefined {
    const left = this.#left;
    this.#left = undefined;
    if (left?.address !== address) return undefined;
    clearTimeout(left.timer);
    return left.membership;
  }

  /**
   * Others may take the connection over until `LINGER` has passed. What a component that has not come
   * back by then still sends is refused, not kept.
   */
  #leave(membership: Membership, address: string): void {
    this.#address = this.#target = undefined;
    membership.follow({});
    const timer = setTimeout(() => {
      membership.leave();
      if (this.#left?.membership !== membership) return;
      this.#left = undefined;
      membership.follow(this.#options);
      this.#aim(membership);
    }, LINGER);
    this.#left = { membership, address, timer };
  }

  #aim(target: Membership): void {
    this.#target = target;
    for (const call of this.#early.splice(0)) target.attempt(() => call(target));
  }

  readonly #send = (message: unknown): void => {
    if (this.#target) this.#target.send(message);
    else this.#later((membership) => membership.post(message));
  };

  readonly #setPresence = (state: unknown): void => {
    this.#presence = { address: this.#address, state };
    this.#target?.setPresence(state);
  };

  readonly #close = (code?: number, reason?: string): void => {
    if (this.#target) this.#target.close(code, reason);
    else this.#later((membership) => membership.close(code, reason));
  };

  readonly #member = (id: string): MemberBinding => this.#bindings.of(id);

  #later(call: (membership: Membership) => void): void {
    if (this.#early.length >= MAX_QUEUED_FRAMES) throw full();
    this.#early.push(call);
  }

  readonly #changed = (fields: number, ids: Iterable<string>): void => {
    this.#bindings.notify(ids, (listener) => listener());
    if ((fields & this.#read) === 0) return;
    this.#version++;
    this.#listeners.forEach((listener) => listener());
  };
}

/** What a room that has just been joined does not have in common with one that has not. */
function joinedFields(membership: Membership): number {
  return FIELDS.reduce(
    (bits, field, i) => (membership[field] === EMPTY[field] ? bits : bits | (1 << i)),
    0,
  );
}

/**
 * Tells apart what makes another connection; on a server too, where there is no page to resolve an address
 * against.
 */
function addressOf(ref: RoomRef<any>, options: AnyOptions): string {
  const { key, url, path, share, enabled } = options;
  const flags = [share !== false, enabled !== false];
  return JSON.stringify([ref.module, ref.name, keyParams(key), url, path, flags]);
}
