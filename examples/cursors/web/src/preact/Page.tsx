import { useEffect, useMemo, useState } from 'preact/hooks';
import { useUsers } from 'roomful/preact';
import { serverRooms } from '../rooms.gen.js';
import { connection, network } from '../shared/connection.js';
import { everybody } from '../shared/people.js';
import { describeStatus } from '../shared/status.js';
import { Visit } from '../shared/visit.js';
import { Board } from './Board.js';
import { Chat } from './Chat.js';
import { Cursors } from './Cursors.js';
import { Roster } from './Roster.js';
import { TopBar } from './TopBar.js';
import type { SiteView } from './use-site.js';
import { useValue } from './use-value.js';

interface PageProps {
  boardId: string;
  site: SiteView;
}

export function Page({ boardId, site }: PageProps) {
  const [visit] = useState(() => new Visit());
  const plugged = useValue(network.plugged);

  const room = serverRooms.cursors.useRoom({
    key: { boardId },
    presence: visit.presence,
    onMessage: (said, from) => visit.heard(said, room.member(from).get(), room.self),
    onOpen: () => visit.feed.opened(),
    onMissed: () => visit.feed.missed(),
    onError: (error) => visit.refused(error, room.self),
    ...connection,
  });
  const { member, memberIds, send, setPresence, status, closeInfo } = room;
  const { id: selfId, state: shown, info } = room.self ?? {};
  const users = useUsers(room);
  const people = useMemo(() => everybody(users, memberIds, member), [users, memberIds, member]);

  useEffect(() => visit.show(setPresence), [visit, setPresence]);
  useEffect(() => shown && visit.shown(shown), [visit, shown]);
  useEffect(() => visit.people.update(people, selfId, member), [visit, people, selfId, member]);
  useEffect(() => visit.people.stop, [visit]);

  // Kept as they are while only this visitor's own cursor moves, which is what `self` above changes for.
  const cursors = useMemo(
    () => <Cursors ids={memberIds} selfId={selfId} member={member} />,
    [memberIds, selfId, member],
  );
  const roster = useMemo(
    () => <Roster visit={visit} member={member} count={people.length} />,
    [visit, member, people.length],
  );
  const chat = useMemo(
    () => <Chat visit={visit} send={send} status={status} />,
    [visit, send, status],
  );

  const text = describeStatus(status, closeInfo, plugged);
  return (
    <div class="page" data-status={status}>
      <TopBar boardId={boardId} site={site} status={text} plugged={plugged} node={info?.node} />
      <main class="stage">
        <Board boardId={boardId} visit={visit} status={text}>
          {cursors}
        </Board>
        <aside class="panel" aria-label="People and messages">
          {roster}
          {chat}
        </aside>
      </main>
    </div>
  );
}
