import type { Part } from '../connection/part.js';
import type { Member, MemberBinding } from './types.js';

/**
 * Members that can be watched one by one. An id has one binding, so that a row may ask for it at every render; until its
 * member has left, so that a room where people come and go all day does not grow.
 */
export function createBindings(
  find: (id: string) => Member | undefined,
  observe: Part['observe'],
): (id: string) => MemberBinding<any, any> {
  const bindings = new Map<string, MemberBinding>();
  observe((_, ids) => {
    for (const id of ids) if (!find(id)) bindings.delete(id);
  });
  return (id) => {
    const binding = bindings.get(id) ?? {
      id,
      get: () => find(id),
      subscribe: (listener) =>
        observe((_, ids) => {
          if (ids.has(id)) listener();
        }),
    };
    bindings.set(id, binding);
    return binding;
  };
}
