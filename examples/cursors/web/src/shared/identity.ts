import type { Color, CursorState } from '../rooms.gen.js';
import { storeOf, type Store } from './person.js';

/** Who this page's visitor is to the others. */
export type Identity = Pick<CursorState, 'name' | 'color'>;

const COLORS: readonly Color[] = ['rose', 'orange', 'green', 'teal', 'blue', 'violet', 'pink'];
const FIRST = ['Quiet', 'Swift', 'Bright', 'Gentle', 'Curious', 'Merry', 'Bold', 'Patient'];
const SECOND = ['Otter', 'Heron', 'Lynx', 'Badger', 'Swallow', 'Hare', 'Marten', 'Owl'];
const STORED = 'cursors.identity';

/** The one that this person had before, or a new one, which the next tab has too. */
export function recallIdentity(store: Store = storeOf(), random = Math.random): Identity {
  const known = parse(store.getItem(STORED));
  if (known) return known;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const made = { name: `${pick(FIRST)} ${pick(SECOND)}`, color: pick(COLORS) };
  keepIdentity(made, store);
  return made;
}

export function keepIdentity({ name, color }: Identity, store: Store = storeOf()): void {
  store.setItem(STORED, JSON.stringify({ name, color }));
}

/** Calls `changed` when another tab of this person has kept another identity. Returns how to stop. */
export function watchIdentity(changed: (identity: Identity) => void, page = window): () => void {
  const look = ({ key, newValue, storageArea }: StorageEvent) => {
    const identity = key === STORED && storageArea === storeOf(page) ? parse(newValue) : undefined;
    if (identity) changed(identity);
  };
  page.addEventListener('storage', look);
  return () => page.removeEventListener('storage', look);
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
