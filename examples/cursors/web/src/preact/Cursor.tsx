import { useMember, type MemberBinding } from 'roomful/preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { CursorState } from '../rooms.gen.js';
import { Glide, placeOnBoard } from '../shared/glide.js';
import { Arrow } from './Arrow.js';

/** One other member. It alone renders when that member moves. */
export function Cursor({ binding }: { binding: MemberBinding<CursorState> }) {
  const { state, away } = useMember(binding) ?? {};
  const ref = useRef<HTMLDivElement>(null);
  const [glide] = useState(() => new Glide((at) => ref.current && placeOnBoard(ref.current, at)));

  // Before it is seen, or it would be seen in the corner first.
  useLayoutEffect(() => {
    if (state) glide.to(state);
  }, [glide, state]);
  useEffect(() => () => glide.stop(), [glide]);

  // A member who has just come has not shown where it is.
  if (!state) return null;
  return (
    <div
      ref={ref}
      class="cursor"
      data-color={state.color}
      data-member={binding.id}
      data-away={away}
    >
      <Arrow />
      <span class="cursor-name">{state.name}</span>
    </div>
  );
}
