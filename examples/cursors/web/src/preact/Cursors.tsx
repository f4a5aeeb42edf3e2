import type { MemberBinding } from 'roomful/preact';
import type { CursorState } from '../rooms.gen.js';
import { Cursor } from './Cursor.js';

interface CursorsProps {
  ids: readonly string[];
  selfId: string | undefined;
  member: (id: string) => MemberBinding<CursorState>;
}

/** Renders when somebody comes or goes; who moves renders a cursor of their own. */
export function Cursors({ ids, selfId, member }: CursorsProps) {
  return (
    <div class="cursors" aria-hidden="true">
      {ids
        .filter((id) => id !== selfId)
        .map((id) => (
          <Cursor key={id} binding={member(id)} />
        ))}
    </div>
  );
}
