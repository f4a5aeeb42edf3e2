import { useMember, type MemberBinding } from 'roomful/preact';
import type { CursorState } from '../rooms.gen.js';
import { faceOf } from '../shared/face.js';
import type { Row } from '../shared/people.js';
import { initials } from '../shared/text.js';

interface PersonProps {
  row: Row;
  binding: MemberBinding<CursorState>;
  gone: (key: string) => void;
}

/** Renders when this member's name changes or its connection is lost, and not when it moves. */
export function Person({ row, binding, gone }: PersonProps) {
  const { state: face = row.face, away } = useMember(faceOf(binding)) ?? {};
  return (
    <li
      class="person"
      data-leaving={row.leaving || undefined}
      data-away={away}
      onAnimationEnd={() => row.leaving && gone(row.key)}
    >
      <span class="avatar" data-color={face?.color} aria-hidden="true">
        {face && initials(face.name)}
      </span>
      <span class="person-name">{face?.name ?? 'Somebody new'}</span>
      {away && <span class="tag">away</span>}
    </li>
  );
}
