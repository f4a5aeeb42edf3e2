/** What it takes, on either side. */
export function Code({ boardId }: { boardId: string }) {
  return (
    <div class="code" aria-hidden="true">
      <pre>
        <b>Rust</b>
        {`#[derive(Clone, Channel)]
#[channel("board/:boardId", presence = CursorState, …)]
struct Board { board_id: String }`}
      </pre>
      <pre>
        <b>Preact</b>
        {`const { memberIds, setPresence, send } =
  serverRooms.cursors.useRoom({ key: { boardId: '${boardId}' } });`}
      </pre>
    </div>
  );
}
