import { sourceOf } from '../connection/source.js';
import { OTHERS } from '../room/fields.js';
import { NOBODY, type Roster } from '../room/roster.js';
import type { Member } from '../room/types.js';
import { isSame } from '../same.js';
import type { Framework } from './reader.js';

type Others = readonly Member<any>[];

export type UseOthers = <R extends { readonly others: Others }, S>(
  room: R,
  selector: (others: R['others']) => S,
) => S;

export const othersHook =
  ({ useState, useMemo, useLayoutEffect, useStore }: Framework): UseOthers =>
  (room, selector) => {
    const source = sourceOf(room);
    const [rendered] = useState((): { value?: any } => ({}));
    const subscribe = useMemo(
      () => (listener: () => void) =>
        source.observe((fields) => {
          if (fields & OTHERS) listener();
        }),
      [source],
    );
    // A selector is mostly another one at each render, and what it selects mostly the same.
    const [get, onServer] = useMemo(() => {
      let selected = rendered.value;
      let from: Others | undefined;
      const select = (others: Others) => {
        if (others !== from) {
          const found = selector(others);
          from = others;
          if (!isSame(selected, found) || !isPlain(found)) selected = found;
        }
        return selected;
      };
      const now = () => (source.shared?.known as Roster | undefined)?.others ?? NOBODY;
      return [() => select(now()), () => select(NOBODY)];
    }, [source, selector]);
    const value = useStore(subscribe, get, onServer);
    useLayoutEffect(() => {
      rendered.value = value;
    });
    return value;
  };

/** Whether `isSame` sees all that a value holds: not that of a Map, a Set or a Date. */
function isPlain(value: any, depth = 0): boolean {
  if (typeof value !== 'object' || !value) return true;
  const prototype = Object.getPrototypeOf(value);
  if (depth > 64 || (prototype !== Object.prototype && prototype !== Array.prototype)) return false;
  return Object.values(value).every((part) => isPlain(part, depth + 1));
}
