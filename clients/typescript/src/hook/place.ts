import { closed, full, sizeOf, type Said, type Settle } from '../connection/outbox.js';
import {
  attempt,
  checkClose,
  type AnyOptions,
  type Part,
  type Watcher,
} from '../connection/part.js';
import { SOURCE, type Source } from '../connection/source.js';
import type { Ref } from '../connection/types.js';
import { LINGER, MAX_QUEUED_FRAMES, MAX_QUEUED_SIZE } from '../limits.js';

/** What a room's hook and a socket's do differently. */
export interface Manner<P> {
  /** In the order of their bits. */
  readonly fields: readonly string[];
  /** What is shown of what is not connected yet; `undefined` for what is not in it. */
  empty(options: AnyOptions): Readonly<Record<string, unknown>>;
  /** Joins, without a presence. */
  enter(ref: any, options: AnyOptions): P;
  /** @throws RoomError `bad_message`. */
  toFrame(message: unknown): string;
  /** The presence to begin with. @throws RoomError `bad_presence`. */
  first?(options: AnyOptions): string | undefined;
  /** What sets the presence to this. @throws RoomError `bad_presence`. */
  change?(next: unknown): Change<P>;
  /** What the component gets besides the fields and `close`. */
  actions(place: Place<any>): object;
}

/** Sets the presence of `part`, which begins with `first`. Returns what it has set, encoded. */
type Change<P> = (part: P, first: () => string | undefined) => string;

/** The component that a place is of. */
export interface Host {
  /** The latest. */
  readonly options: AnyOptions;
  readonly changed: Watcher;
  readonly observe: Source['observe'];
}

/**
 * One room or socket that a component asks for, from the render that first names it until one names another. What is
 * sent to it, and the presence that is set in it, can so go nowhere else. While nothing takes it (before the effects
 * of the first render, between effects that run again, while `enabled` is false) it waits, within the bounds of a
 * connection's own queue.
 */
export class Place<P extends Part> implements Source {
  /** The same for as long as the place is, so that a component can depend on them. */
  readonly actions: object;
  readonly empty: Readonly<Record<string, unknown>>;
  readonly #manner: Manner<P>;
  readonly #host: Host;
  /** What the component is joined to; with `enabled: false`, to nothing. */
  #part: P | undefined;
  /** Who takes what is sent. */
  #target: P | undefined;
  #isJoined = false;
  #waiting: Said[] = [];
  /** What changes the presence, and waits, too: what it makes of one that others have set is not known before. */
  #changes: Change<P>[] = [];
  /** The presence that the component has set here last. */
  #presence: string | undefined;
  #closing: [code: number, reason: string] | undefined;
  /** A part that is over when its timer has run. */
  #left: { part: P; enabled: boolean; timer: ReturnType<typeof setTimeout> } | undefined;

  constructor(
    readonly address: string,
    manner: Manner<P>,
    host: Host,
    options: AnyOptions,
  ) {
    this.#manner = manner;
    this.#host = host;
    this.empty = manner.empty(options);
    this.actions = { close: this.#close, ...manner.actions(this), [SOURCE]: this };
  }

  /** What the component sees. */
  get shown(): P | undefined {
    return this.#isJoined ? this.#target : undefined;
  }

  get shared(): P['shared'] {
    return this.shown?.shared;
  }

  get observe(): Source['observe'] {
    return this.#host.observe;
  }

  readonly attempt: Source['attempt'] = (call) => attempt(this.#host.options, call);

  follow(options: AnyOptions): void {
    if (this.#isJoined) this.#part!.follow(options);
  }

  join(ref: Ref, enabled: boolean): void {
    const part = this.#resume(enabled) ?? this.#enter(ref);
    this.#part = part;
    this.#isJoined = true;
    part.follow(this.#host.options);
    if (enabled) this.#aim(part);
    else this.#closing = undefined;
  }

  /**
   * Others may take the connection over until `LINGER` has passed. What a component that has not come
   * back by then still sends is refused, not kept.
   */
  leave(enabled: boolean): void {
    const part = this.#part!;
    this.#isJoined = false;
    this.#target = undefined;
    // The connection may be lost meanwhile, and come back for others or for this component itself.
    part.follow({ credentials: this.#host.options.credentials });
    const timer = setTimeout(() => {
      part.leave();
      if (this.#left?.timer !== timer) return;
      this.#left = undefined;
      part.follow(this.#host.options);
      this.#aim(part);
    }, LINGER);
    this.#left = { part, enabled, timer };
  }

  readonly reconnect = (): void => this.#target?.reconnect();

  readonly send = (message: unknown): void => {
    if (this.#target) return this.#target.send(message);
    this.attempt(() => this.relay(this.#manner.toFrame(message)));
  };

  /** Sends what is encoded, now or when something takes it. `settle` hears the answer. @throws RoomError */
  relay(data: string, settle?: Settle): void {
    if (this.#target) return this.#target.relay(data, settle);
    const size = sizeOf(this.#waiting) + data.length;
    if (this.#waiting.length >= MAX_QUEUED_FRAMES || size > MAX_QUEUED_SIZE) throw full();
    this.#waiting.push({ data, settle });
  }

  /** Sets the presence, now or when something takes it: to a state, or to what a function makes of the last one. */
  present(next: unknown): void {
    this.attempt(() => {
      const change = this.#manner.change!(next);
      if (this.#target) return this.#change(this.#target, change);
      if (typeof next !== 'function') this.#changes = [];
      if (this.#changes.length >= MAX_QUEUED_FRAMES) throw full();
      this.#changes.push(change);
    });
  }

  #enter(ref: Ref): P {
    const part = this.#manner.enter(ref, this.#host.options);
    part.observe((fields, ids) => {
      if (part === this.shown) this.#host.changed(fields, ids);
    });
    return part;
  }

  /** The part that has just been left, when effects are run again without need. */
  #resume(enabled: boolean): P | undefined {
    const left = this.#left;
    this.#left = undefined;
    if (left?.enabled !== enabled) return undefined;
    clearTimeout(left.timer);
    return left.part;
  }

  #aim(target: P): void {
    this.#target = target;
    for (const change of this.#changes.splice(0)) this.#change(target, change);
    // One that was set here before, and has been told to others, is no newer than what they have set since.
    target.attempt(() => target.pin(this.#first(), true));
    for (const { data, settle } of this.#waiting.splice(0)) {
      attempt({ onError: settle ?? this.#host.options.onError }, () => target.relay(data, settle));
    }
    if (this.#closing) target.close(...this.#closing);
    this.#closing = undefined;
  }

  #change(target: P, change: Change<P>): void {
    target.attempt(() => (this.#presence = change(target, this.#first)));
  }

  /** The presence to begin with. @throws RoomError `bad_presence`. */
  readonly #first = (): string | undefined =>
    this.#presence ?? this.#manner.first?.(this.#host.options);

  readonly #close = (code = 1000, reason = ''): void => {
    if (this.#target) return this.#target.close(code, reason);
    checkClose(code, reason);
    for (const { settle } of this.#waiting.splice(0)) settle?.(closed());
    // What is not enabled is not joined, so there is nothing to close.
    if (!this.#isJoined) this.#closing = [code, reason];
  };
}
