import type { Part } from './part.js';

/** Where a hook's room or socket has what `joinRoom` and `openSocket` give as it is. */
export const SOURCE: unique symbol = /* @__PURE__ */ Symbol('source');

/** What can be asked of a room or socket without that its component renders for it. */
export type Source = Pick<Part<any>, 'shared' | 'observe' | 'attempt'>;

/** Stays the same for as long as `of` is the same room or socket. */
export const sourceOf = (of: object): Source =>
  (of as { [SOURCE]?: Source })[SOURCE] ?? (of as Source);
