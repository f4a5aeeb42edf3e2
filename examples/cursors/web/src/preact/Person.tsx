import { useMember, type MemberBinding } from 'roomful/preact';
import type { CursorState } from '../rooms.gen.js';
import { faceOf } from '../shared/face.js';
import type { Row } from '../shared/people.js';
import { Face } from './Face.js';

interface PersonProps {
  row: Row;
  binding: MemberBinding<CursorState>;
  gone: (key: string) => void;
}

/** Renders when this person's name changes or the connection is lost, and not when one of their cursors moves. */
export function Person({ row, binding, gone }: PersonProps) {
  const { state: face = row.face, away: isMemberAway } = useMember(faceOf(binding)) ?? {};
  const away = row.away ?? isMemberAway;
  return (
    <li
      class="person"
      data-leaving={row.leaving || undefined}
      data-away={away || undefined}
      onAnimationEnd={() => row.leaving && gone(row.key)}
    >
      <Face face={face} tabs={row.tabs} />
      <span class="person-name">{face?.name ?? 'Somebody new'}</span>
      {away && <span class="tag">away</span>}
    </li>
  );
}
