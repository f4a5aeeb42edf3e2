/** What both hooks have in common, without a framework: `preact.ts` and `react.ts` each give their own primitives. */
import { live } from '../connection/fields.js';
import { full } from '../connection/outbox.js';
import type { AnyOptions, Part } from '../connection/part.js';
import type { Ref } from '../connection/types.js';
import { LINGER, MAX_QUEUED_FRAMES } from '../limits.js';
import { sortedParams } from '../url.js';

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

/** `share`: the option, or its default. `fields`: what the component may read, in an array that stays the same. */
export function useReader(
  { useState, useMemo, useEffect, useLayoutEffect, useStore }: Framework,
  makeReader: () => Reader<any>,
  ref: Ref,
  params: object | undefined,
  options: AnyOptions,
  share: boolean,
  fields: readonly string[],
): object {
  const [reader] = useState(makeReader);
  const enabled = options.enabled !== false;
  const address = addressOf(ref, params, share, options);

  // Not while rendering, because a render may be thrown away; and before the browser handles anything
  // else, so that no event meets the callbacks of the render before.
  useLayoutEffect(() => reader.follow(options));
  const version = useStore(reader.subscribe, reader.version, reader.version);
  useEffect(() => reader.join(ref, address), [reader, address, options.WebSocket]);

  return useMemo(
    () => reader.view(fields, address, enabled),
    [reader, version, fields, address, enabled],
  );
}

/** What a room's hook and a socket's do differently. */
export interface Manner<P> {
  /** In the order of their bits. */
  readonly fields: readonly string[];
  /** What is shown of what is not connected yet; `undefined` for what is not in it. */
  readonly empty: Readonly<Record<string, unknown>>;
  /** What the component gets besides the fields, `send` and `close`. */
  readonly more?: object;
  enter(ref: any, options: AnyOptions, address: string): P;
  /** These members have changed. */
  touched?(ids: Iterable<string>): void;
}

type Shown = Part & Readonly<Record<string, unknown>>;

/**
 * A component's way to what it is connected to now. It remembers what the component has read, and wakes
 * it for nothing else.
 */
export class Reader<P extends Part> {
  readonly #manner: Manner<P>;
  #options: AnyOptions = {};
  /** What is shown, while the component asks for this address. */
  #part: P | undefined;
  #address: string | undefined;
  /** Who takes what is sent; `undefined` between two connections. */
  #target: P | undefined;
  /** What was sent between them: a child's effects run before its parent's. */
  #early: ((part: P) => void)[] = [];
  /** A part that is over when its timer has run. */
  #left: { part: P; address: string; timer: ReturnType<typeof setTimeout> } | undefined;
  #read = 0;
  #version = 0;
  readonly #listeners = new Set<() => void>();

  constructor(manner: Manner<P>) {
    this.#manner = manner;
  }

  get target(): P | undefined {
    return this.#target;
  }

  get address(): string | undefined {
    return this.#address;
  }

  follow(options: AnyOptions): void {
    this.#options = options;
    this.#part?.follow(options);
  }

  /** Returns how to leave. */
  join(ref: Ref, address: string): () => void {
    const before = idsOf(this.#part);
    const part = this.#resume(address) ?? this.#enter(ref, address);
    part.follow(this.#options);
    this.#part = part;
    this.#address = address;
    this.#aim(part);
    this.#changed(this.#joinedFields(part), new Set([...before, ...idsOf(part)]));
    return () => this.#leave(part, address);
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
  view(fields: readonly string[], address: string, enabled: boolean): object {
    const { empty, more } = this.#manner;
    return live({ send: this.#send, close: this.#close, ...more }, fields, (field) => {
      this.#read |= this.#bit(field);
      if (!enabled) return field === 'status' ? 'closed' : empty[field];
      const shown = this.#address === address ? this.#part : undefined;
      return ((shown ?? empty) as Shown)[field];
    });
  }

  #enter(ref: Ref, address: string): P {
    const part = this.#manner.enter(ref, this.#options, address);
    part.watch((fields, ids) => {
      if (part === this.#target) this.#changed(fields, ids);
    });
    return part;
  }

  /** The part that has just been left, when effects are run again without need. */
  #resume(address: string): P | undefined {
    const left = this.#left;
    this.#left = undefined;
    if (left?.address !== address) return undefined;
    clearTimeout(left.timer);
    return left.part;
  }

  /**
   * Others may take the connection over until `LINGER` has passed. What a component that has not come
   * back by then still sends is refused, not kept.
   */
  #leave(part: P, address: string): void {
    this.#address = this.#target = undefined;
    part.follow({});
    const timer = setTimeout(() => {
      part.leave();
      if (this.#left?.part !== part) return;
      this.#left = undefined;
      part.follow(this.#options);
      this.#aim(part);
    }, LINGER);
    this.#left = { part, address, timer };
  }

  #aim(target: P): void {
    this.#target = target;
    for (const call of this.#early.splice(0)) target.attempt(() => call(target));
  }

  /** What something that has just been joined does not have in common with what has not. */
  #joinedFields(part: P): number {
    if (this.#options.enabled === false) return 0;
    const { empty, fields } = this.#manner;
    return fields.reduce(
      (bits, field) => ((part as Shown)[field] === empty[field] ? bits : bits | this.#bit(field)),
      0,
    );
  }

  #bit(field: string): number {
    return 1 << this.#manner.fields.indexOf(field);
  }

  readonly #send = (message: unknown): void => {
    if (this.#target) this.#target.send(message);
    else this.#later((part) => part.post(message));
  };

  readonly #close = (code?: number, reason?: string): void => {
    if (this.#target) this.#target.close(code, reason);
    else this.#later((part) => part.close(code, reason));
  };

  #later(call: (part: P) => void): void {
    if (this.#early.length >= MAX_QUEUED_FRAMES) throw full();
    this.#early.push(call);
  }

  readonly #changed = (fields: number, ids: Iterable<string>): void => {
    this.#manner.touched?.(ids);
    if ((fields & this.#read) === 0) return;
    this.#version++;
    this.#listeners.forEach((listener) => listener());
  };
}

const idsOf = (part: Part | undefined): readonly string[] =>
  part?.connection?.state.memberIds ?? [];

/**
 * Tells apart what makes another connection; on a server too, where there is no page to resolve an address
 * against.
 */
function addressOf(
  ref: Ref,
  params: object | undefined,
  share: boolean,
  { url, path, enabled }: AnyOptions,
): string {
  return JSON.stringify([
    ref.module,
    ref.name,
    sortedParams(params),
    url,
    path,
    share,
    enabled !== false,
  ]);
}
