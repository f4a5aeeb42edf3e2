import { useEffect, useMemo, useState } from 'preact/hooks';
import { serverRooms } from '../rooms.gen.js';
import { connection, network } from '../shared/connection.js';
import { describeStatus } from '../shared/status.js';
import { Visit } from '../shared/visit.js';
import { Board } from './Board.js';
import { Chat } from './Chat.js';
import { Cursors } from './Cursors.js';
import { Roster } from './Roster.js';
import { TopBar } from './TopBar.js';
import { useValue } from './use-value.js';

export function Page({ boardId }: { boardId: string }) {
  const [visit] = useState(() => new Visit());
  const plugged = useValue(network.plugged);

  const room = serverRooms.cursors.useRoom({
    key: { boardId },
    presence: visit.presence,
    onMessage: (said, from) => visit.heard(said, room.member(from).get(), from === room.self?.id),
    onOpen: visit.opened,
    onResume: visit.resumed,
    onMissed: visit.missed,
    onError: (error) => visit.refused(error, room.self),
    ...connection,
  });
  const { member, memberIds, send, setPresence, status, closeInfo } = room;
  const selfId = room.self?.id;

  useEffect(() => visit.show(setPresence), [visit, setPresence]);
  useEffect(
    () => visit.people.update(memberIds, selfId, member),
    [visit, memberIds, selfId, member],
  );
  useEffect(() => visit.people.stop, [visit]);

  // Kept as they are while only this visitor's own cursor moves, which is what `self` above changes for.
  const cursors = useMemo(
    () => <Cursors ids={memberIds} selfId={selfId} member={member} />,
    [memberIds, selfId, member],
  );
  const roster = useMemo(
    () => <Roster visit={visit} member={member} count={memberIds.length} />,
    [visit, member, memberIds],
  );
  const chat = useMemo(
    () => <Chat visit={visit} send={send} status={status} />,
    [visit, send, status],
  );

  const text = describeStatus(status, closeInfo, plugged);
  return (
    <div class="page" data-status={status}>
      <TopBar boardId={boardId} status={text} plugged={plugged} />
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
