import { useLayoutEffect, useReducer } from 'preact/hooks';
import type { Value } from '../shared/value.js';

/** Renders again when the value changes. */
export function useValue<T>(value: Value<T>): T {
  const [, render] = useReducer<number, void>((count) => count + 1, 0);
  const shown = value.get();
  useLayoutEffect(() => {
    // It may have changed between the render and this.
    if (!Object.is(shown, value.get())) render();
    return value.subscribe(() => render());
  }, [value]);
  return shown;
}
