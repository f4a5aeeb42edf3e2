import type { Member, MemberBinding } from 'roomful';
import type { CursorState } from '../rooms.gen.js';
import type { Identity } from './identity.js';

const faces = new WeakMap<MemberBinding<CursorState>, MemberBinding<Identity>>();

/** A member's name and colour, which do not change when it moves: a row of the roster renders for these alone. */
export function faceOf(binding: MemberBinding<CursorState>): MemberBinding<Identity> {
  const known = faces.get(binding);
  if (known) return known;
  let last: Member<Identity> | undefined;
  const face: MemberBinding<Identity> = {
    id: binding.id,
    subscribe: binding.subscribe,
    get() {
      const state = binding.get()?.state;
      if (!state) last = undefined;
      else if (last?.state?.name !== state.name || last.state.color !== state.color) {
        last = { id: binding.id, state: { name: state.name, color: state.color } };
      }
      return last;
    },
  };
  faces.set(binding, face);
  return face;
}
