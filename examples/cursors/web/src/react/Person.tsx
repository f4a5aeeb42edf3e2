/** @jsxImportSource react */
import { useMember, type MemberBinding } from 'roomful/react';
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
      className="person"
      data-leaving={row.leaving || undefined}
      data-away={away}
      onAnimationEnd={() => row.leaving && gone(row.key)}
    >
      <span className="avatar" data-color={face?.color} aria-hidden="true">
        {face && initials(face.name)}
      </span>
      <span className="person-name">{face?.name ?? 'Somebody new'}</span>
      {away && <span className="tag">away</span>}
    </li>
  );
}
