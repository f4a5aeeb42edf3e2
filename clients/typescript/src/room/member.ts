import type { Member, MemberBinding } from './types.js';

/** Members that can be watched one by one. */
export interface Bindings {
  of(id: string): MemberBinding<any, any>;
  /** The members with these ids have changed: each listener is given to `call`. */
  notify(ids: Iterable<string>, call: (listener: () => void) => void): void;
}

/**
 * An id has one binding, so that a row may ask for it at every render: until its member has left and
 * nobody listens, so that a room where people come and go all day does not grow.
 */
export function createBindings(find: (id: string) => Member | undefined): Bindings {
  type Watched = MemberBinding & { listeners: Set<() => void> };
  const known = new Map<string, Watched>();

  function of(id: string): Watched {
    const binding = known.get(id) ?? {
      id,
      listeners: new Set(),
      get: () => find(id),
      subscribe(listener) {
        // Not this binding's own: it may have been forgotten since, and another one made.
        const { listeners } = of(id);
        const own = () => listener();
        listeners.add(own);
        return () => {
          listeners.delete(own);
          forget(id);
        };
      },
    };
    known.set(id, binding);
    return binding;
  }

  function forget(id: string): void {
    if (!find(id) && !known.get(id)?.listeners.size) known.delete(id);
  }

  return {
    of,
    notify(ids, call) {
      for (const id of ids) {
        known.get(id)?.listeners.forEach((listener) => call(listener));
        forget(id);
      }
    },
  };
}
