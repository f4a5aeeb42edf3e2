/** The part of `window` that paces. */
export interface Frames {
  requestAnimationFrame(callback: (now: number) => void): number;
  cancelAnimationFrame(handle: number): void;
}

/** Milliseconds between two sends: thirty a second, which is each second frame of a usual screen. */
const INTERVAL = 1000 / 30;
/** A frame may come a little early. */
const SLACK = 4;

/** Calls `send` on an animation frame, thirty times a second at most, however often it is requested. */
export class FrameThrottle {
  #handle: number | undefined;
  #last = -Infinity;

  constructor(
    private readonly send: () => void,
    private readonly frames: Frames = window,
  ) {}

  readonly request = (): void => {
    this.#handle ??= this.frames.requestAnimationFrame(this.#frame);
  };

  readonly stop = (): void => {
    if (this.#handle !== undefined) this.frames.cancelAnimationFrame(this.#handle);
    this.#handle = undefined;
  };

  readonly #frame = (now: number): void => {
    this.#handle = undefined;
    if (now - this.#last < INTERVAL - SLACK) return this.request();
    this.#last = now;
    this.send();
  };
}
