/** The part of `window` that paces. */
export interface Frames {
  requestAnimationFrame(callback: (now: number) => void): number;
  cancelAnimationFrame(handle: number): void;
}
