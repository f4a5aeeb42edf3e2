import type { Member, MemberBinding } from 'roomful';
import type { CursorState } from '../../src/rooms.gen.js';
import type { Frames } from '../../src/shared/frames.js';

/** Frames that come when the test says so. */
export class HandFrames implements Frames {
  now = 0;
  #callbacks = new Map<number, (now: number) => void>();
  #handle = 0;

  requestAnimationFrame(callback: (now: number) => void): number {
    this.#callbacks.set(++this.#handle, callback);
    return this.#handle;
  }

  cancelAnimationFrame(handle: number): void {
    this.#callbacks.delete(handle);
  }

  get areAwaited(): boolean {
    return this.#callbacks.size > 0;
  }

  /** One frame, so many milliseconds after the last. */
  pass(milliseconds: number): void {
    this.now += milliseconds;
    const callbacks = [...this.#callbacks.values()];
    this.#callbacks.clear();
    for (const callback of callbacks) callback(this.now);
  }
}

/** A roster that the test writes. */
export class HandRoster {
  readonly #states = new Map<string, CursorState | undefined>();
  readonly #away = new Set<string>();
  readonly #users = new Map<string, string>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #bindings = new Map<string, MemberBinding<CursorState>>();

  get ids(): string[] {
    return [...this.#states.keys()];
  }

  readonly member = (id: string): MemberBinding<CursorState> => {
    const known = this.#bindings.get(id);
    if (known) return known;
    const binding: MemberBinding<CursorState> = {
      id,
      get: () => this.#get(id),
      subscribe: (listener) => {
        const listeners = this.#listeners.get(id) ?? new Set();
        this.#listeners.set(id, listeners.add(listener));
        return () => void listeners.delete(listener);
      },
    };
    this.#bindings.set(id, binding);
    return binding;
  };

  set(id: string, state?: Partial<CursorState>, away = false, user?: string): void {
    const full: CursorState = { x: 0, y: 0, name: id, color: 'teal', ...state };
    this.#states.set(id, state && full);
    if (user) this.#users.set(id, user);
    if (away) this.#away.add(id);
    else this.#away.delete(id);
    this.#listeners.get(id)?.forEach((listener) => listener());
  }

  delete(id: string): void {
    this.#states.delete(id);
    this.#listeners.get(id)?.forEach((listener) => listener());
  }

  listeners(id: string): number {
    return this.#listeners.get(id)?.size ?? 0;
  }

  #get(id: string): Member<CursorState> | undefined {
    if (!this.#states.has(id)) return undefined;
    const state = this.#states.get(id);
    const user = this.#users.get(id);
    return {
      id,
      ...(state && { state }),
      ...(user && { user }),
      ...(this.#away.has(id) && { away: true as const }),
    };
  }
}
