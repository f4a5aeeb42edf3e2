/** What both hooks have in common, without a framework: `preact.ts` and `react.ts` each give their own primitives. */
import { live } from '../connection/fields.js';
import type { AnyOptions, Part, Watcher } from '../connection/part.js';
import type { Ref } from '../connection/types.js';
import { writeParams } from '../url.js';
import { Place, type Host, type Manner } from './place.js';

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
  const place = useMemo(() => reader.placeAt(address, options), [reader, address]);

  // Not while rendering, because a render may be thrown away; and before the browser handles anything
  // else, so that no event meets the callbacks of the render before.
  useLayoutEffect(() => reader.follow(options, place));
  const version = useStore(reader.subscribe, reader.version, reader.version);
  useEffect(() => reader.join(ref, place, enabled), [reader, place, enabled, options.WebSocket]);

  return useMemo(
    () => reader.view(fields, place, enabled),
    [reader, version, fields, place, enabled],
  );
}

type Shown = Part & Readonly<Record<string, unknown>>;

/**
 * A component's way to what it is connected to now. It remembers what the component has read, and wakes
 * it for nothing else.
 */
export class Reader<P extends Part> implements Host {
  options: AnyOptions = {};
  readonly #manner: Manner<P>;
  #place: Place<P> | undefined;
  /** What was shown last. */
  #part: P | undefined;
  #read = 0;
  #version = 0;
  readonly #watchers = new Set<Watcher>();

  constructor(manner: Manner<P>) {
    this.#manner = manner;
  }

  get shown(): P | undefined {
    return this.#place?.shown;
  }

  /** Called while rendering, and so changes nothing. A hot reload, which calls it again, finds its place. */
  placeAt(address: string, options: AnyOptions): Place<P> {
    const known = this.#place;
    return known?.address === address ? known : new Place(address, this.#manner, this, options);
  }

  /** The place that it moves away from keeps the callbacks it has: what still comes there is not the new room's. */
  follow(options: AnyOptions, place: Place<P>): void {
    this.options = options;
    if (this.#place === place) place.follow(options);
  }

  /** Returns how to leave. */
  join(ref: Ref, place: Place<P>, enabled: boolean): () => void {
    const before = idsOf(this.#part);
    this.#place = place;
    place.join(ref, enabled);
    this.#part = place.shown;
    this.changed(this.#joinedFields(), new Set([...before, ...idsOf(this.#part)]));
    return () => place.leave(enabled);
  }

  readonly version = (): number => this.#version;

  readonly subscribe = (listener: () => void): (() => void) =>
    this.observe((fields) => {
      if (fields & this.#read) listener();
    });

  readonly observe = (watcher: Watcher): (() => void) => {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  };

  /**
   * A new object whenever something that was read has changed, so that memoised children notice. Between
   * the render with another key and the effect that moves there, it shows the new room as not yet joined,
   * and not the old one.
   */
  view(fields: readonly string[], place: Place<P>, enabled: boolean): object {
    const { empty } = place;
    return live({ ...place.actions }, fields, (field) => {
      this.#read |= this.#bit(field);
      if (!enabled) return field === 'status' ? 'closed' : empty[field];
      return ((place.shown ?? empty) as Shown)[field];
    });
  }

  readonly changed: Watcher = (fields, ids) => {
    if (fields & this.#read) this.#version++;
    this.#watchers.forEach((watcher) => watcher(fields, ids));
  };

  /** What something that has just been joined does not have in common with what has not. */
  #joinedFields(): number {
    const { empty } = this.#place!;
    const part = (this.#part ?? empty) as Shown;
    return this.#manner.fields.reduce(
      (bits, field) => (part[field] === empty[field] ? bits : bits | this.#bit(field)),
      0,
    );
  }

  #bit(field: string): number {
    return 1 << this.#manner.fields.indexOf(field);
  }
}

const idsOf = (part: Part | undefined): readonly string[] => part?.shared?.known.memberIds ?? [];

/**
 * Tells apart what makes another connection; on a server too, where there is no page to resolve an address
 * against.
 */
function addressOf(
  ref: Ref,
  params: object | undefined,
  share: boolean,
  { url, path }: AnyOptions,
): string {
  return JSON.stringify([ref.module, ref.name, writeParams(params), url, path, share]);
}
