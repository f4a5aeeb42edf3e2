import { Value } from './value.js';

/** The board that a page with this hash shows, so that its address can be shared. */
export function boardIdFrom(hash: string): string {
  try {
    return decodeURIComponent(hash.replace(/^#/, '')) || 'main';
  } catch {
    // A stray percent sign. The server decides what a board may be called, and says so.
    return hash.slice(1);
  }
}

/** The board of this page; it changes with the address. */
export function watchBoardId(page: Window = window): Value<string> {
  const boardId = new Value(boardIdFrom(page.location.hash));
  page.addEventListener('hashchange', () => boardId.set(boardIdFrom(page.location.hash)));
  return boardId;
}
