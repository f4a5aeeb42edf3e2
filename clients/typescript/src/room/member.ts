import type { Part } from '../connection/part.js';
import { MEMBER_IDS } from './fields.js';
import type { Member, MemberBinding } from './types.js';

/**
 * Members that can be watched one by one. An id has one binding, so that a row may ask for it at every render. Those of
 * who is not there are forgotten whenever somebody comes or goes, so that a room where people do all day does not grow;
 * one that is still listened to goes on, beside another that is asked for later.
 */
export function createBindings(
  find: (id: string) => Member | undefined,
  observe: Part['observe'],
): (id: string) => MemberBinding<any, any> {
  const bindings = new Map<string, MemberBinding>();
  observe((fields) => {
    if (fields & MEMBER_IDS) for (const id of bindings.keys()) if (!find(id)) bindings.delete(id);
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
