import type { Frames } from './frames.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Milliseconds in which two thirds of the way are made. Longer than a tick of the server, or it would stutter. */
const PACE = 55;
/** Where nobody can see the rest of the way: a part of the board. */
const THERE = 0.0004;

/** Lets something glide to where it was last said to be, because positions come thirty times a second at best. */
export class Glide {
  #at: Point | undefined;
  #target: Point = { x: 0, y: 0 };
  #handle: number | undefined;
  #last = 0;

  constructor(
    private readonly place: (at: Point) => void,
    private readonly still: () => boolean = prefersStill,
    private readonly frames: Frames = window,
  ) {}

  to(target: Point): void {
    this.#target = target;
    if (this.#at === undefined || this.still()) return this.#put(target);
    if (this.#handle !== undefined) return;
    this.#last = performance.now();
    this.#handle = this.frames.requestAnimationFrame(this.#frame);
  }

  stop(): void {
    if (this.#handle !== undefined) this.frames.cancelAnimationFrame(this.#handle);
    this.#handle = undefined;
  }

  readonly #frame = (now: number): void => {
    this.#handle = undefined;
    const at = this.#at ?? this.#target;
    const next = approach(at, this.#target, Math.max(0, now - this.#last));
    this.#last = now;
    this.#put(next);
    if (next !== this.#target) this.#handle = this.frames.requestAnimationFrame(this.#frame);
  };

  #put(at: Point): void {
    this.#at = at;
    this.place(at);
  }
}

/** The point after `elapsed` milliseconds of the way; the target itself once it is as good as there. */
export function approach(from: Point, target: Point, elapsed: number): Point {
  const part = 1 - Math.exp(-elapsed / PACE);
  const x = from.x + (target.x - from.x) * part;
  const y = from.y + (target.y - from.y) * part;
  return Math.hypot(target.x - x, target.y - y) < THERE ? target : { x, y };
}

const prefersStill = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Places an element that stands in a board. The unit is the board's, so a board that grows needs nothing more. */
export function placeOnBoard(element: HTMLElement, { x, y }: Point): void {
  element.style.setProperty('--x', `${(x * 100).toFixed(3)}cqw`);
  element.style.setProperty('--y', `${(y * 100).toFixed(3)}cqh`);
}
