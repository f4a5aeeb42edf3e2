/** @jsxImportSource react */
import type { MemberBinding } from 'roomful/react';
import type { CursorState } from '../rooms.gen.js';
import { howMany } from '../shared/text.js';
import type { Visit } from '../shared/visit.js';
import { Me } from './Me.js';
import { Person } from './Person.js';
import { useValue } from './use-value.js';

interface RosterProps {
  visit: Visit;
  member: (id: string) => MemberBinding<CursorState>;
  count: number;
}

export function Roster({ visit, member, count }: RosterProps) {
  const rows = useValue(visit.people.rows);
  return (
    <section className="roster" aria-labelledby="roster-title">
      <h2 id="roster-title">
        Here now <span className="count">{count > 0 ? howMany(count) : '…'}</span>
      </h2>
      <ul>
        {rows.map((row) =>
          row.mine ? (
            <Me key={row.key} visit={visit} tabs={row.tabs} />
          ) : (
            <Person key={row.key} row={row} binding={member(row.id)} gone={visit.people.remove} />
          ),
        )}
      </ul>
    </section>
  );
}
