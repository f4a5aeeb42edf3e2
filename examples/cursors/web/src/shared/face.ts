import type { Member, MemberBinding } from 'roomful';
import type { CursorState } from '../rooms.gen.js';
import type { Identity } from './identity.js';

const faces = new WeakMap<MemberBinding<CursorState>, MemberBinding<Identity>>();

/** A member's name and colour, and whether it is away: none changes when it moves, and a row of the roster renders for these alone. */
export function faceOf(binding: MemberBinding<CursorState>): MemberBinding<Identity> {
  const known = faces.get(binding);
  if (known) return known;
  let last: Member<Identity> | undefined;
  const face: MemberBinding<Identity> = {
    id: binding.id,
    subscribe: binding.subscribe,
    get() {
      const { state, away } = binding.get() ?? {};
      if (!state) return (last = undefined);
      const { name, color } = state;
      if (last?.state?.name !== name || last.state.color !== color || last.away !== away) {
        last = { id: binding.id, state: { name, color }, ...(away && { away }) };
      }
      return last;
    },
  };
  faces.set(binding, face);
  return face;
}
