import type { Color, CursorState } from '../rooms.gen.js';

/** Who this page is to the others. */
export type Identity = Pick<CursorState, 'name' | 'color'>;

const COLORS: readonly Color[] = ['rose', 'orange', 'green', 'teal', 'blue', 'violet', 'pink'];
const FIRST = ['Quiet', 'Swift', 'Bright', 'Gentle', 'Curious', 'Merry', 'Bold', 'Patient'];
const SECOND = ['Otter', 'Heron', 'Lynx', 'Badger', 'Swallow', 'Hare', 'Marten', 'Owl'];
const STORED = 'cursors.identity';

type Store = Pick<Storage, 'getItem' | 'setItem'>;

/** The one of before a reload, or a new one. A window has its own, so that two of them are two visitors. */
export function recallIdentity(store: Store = sessionStorage, random = Math.random): Identity {
  const known = parse(store.getItem(STORED));
  if (known) return known;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  return { name: `${pick(FIRST)} ${pick(SECOND)}`, color: pick(COLORS) };
}

export function keepIdentity(identity: Identity, store: Store = sessionStorage): void {
  store.setItem(STORED, JSON.stringify(identity));
}

/** What stands in the storage may be of another version of this page. */
function parse(stored: string | null): Identity | undefined {
  try {
    const { name, color } = JSON.parse(stored ?? '{}') as Partial<Identity>;
    if (typeof name === 'string' && color && COLORS.includes(color)) return { name, color };
  } catch {
    // Not JSON: as good as nothing.
  }
  return undefined;
}
