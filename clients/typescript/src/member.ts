import type { Member, MemberBinding } from './types.js';

/** Members that can be watched one by one. */
export interface Bindings {
  of(id: string): MemberBinding<any>;
  /** The members with these ids have changed: each listener is given to `call`. */
  notify(ids: Iterable<string>, call: (listener: () => void) => void): void;
}

/**
 * An id has one binding for as long as anybody holds it, so that a row may ask for it at every render; and
 * none after, so that a room where people come and go all day does not grow.
 */
export function createBindings(find: (id: string) => Member | undefined): Bindings {
  const made = new Map<string, WeakRef<MemberBinding>>();
  /** Keeps a binding that somebody listens to, who may hold nothing but the listener. */
  const watched = new Map<string, Map<object, () => void>>();
  const collected = new FinalizationRegistry<string>((id) => {
    if (!made.get(id)?.deref()) made.delete(id);
  });

  return {
    of(id) {
      const known = made.get(id)?.deref();
      if (known) return known;
      const binding: MemberBinding = {
        id,
        get: () => find(id),
        subscribe(listener) {
          const listeners = watched.get(id) ?? new Map([[binding, () => {}]]);
          watched.set(id, listeners);
          const key = {};
          listeners.set(key, listener);
          return () => {
            if (listeners.delete(key) && listeners.size < 2) watched.delete(id);
          };
        },
      };
      made.set(id, new WeakRef(binding));
      collected.register(binding, id);
      return binding;
    },

    notify(ids, call) {
      for (const id of ids) watched.get(id)?.forEach((listener) => call(listener));
    },
  };
}
