/** @jsxImportSource react */
import { useLayoutEffect, useRef } from 'react';
import { placeOnBoard } from '../shared/glide.js';
import type { Visit } from '../shared/visit.js';
import { Arrow } from './Arrow.js';
import { useValue } from './use-value.js';

/** Where this visitor is, for a finger or the keys. A mouse's own cursor is on the screen already. */
export function OwnCursor({ visit }: { visit: Visit }) {
  const ref = useRef<HTMLDivElement>(null);
  const means = useValue(visit.means);
  const { color } = useValue(visit.identity);

  // Before it is seen, or it would be seen in the corner first.
  useLayoutEffect(() => {
    const place = () => ref.current && placeOnBoard(ref.current, visit.point.get());
    place();
    return visit.point.subscribe(place);
  }, [visit, means]);

  if (means === 'mouse') return null;
  return (
    <div ref={ref} className="cursor own" data-color={color} aria-hidden="true">
      <Arrow />
      <span className="cursor-name">You</span>
    </div>
  );
}
