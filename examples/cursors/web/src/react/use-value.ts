import { useSyncExternalStore } from 'react';
import type { Value } from '../shared/value.js';

/** Renders again when the value changes. */
export function useValue<T>(value: Value<T>): T {
  return useSyncExternalStore(value.subscribe, value.get);
}
