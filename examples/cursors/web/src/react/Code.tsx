/** @jsxImportSource react */
/** What it takes, on either side. */
export function Code({ boardId }: { boardId: string }) {
  return (
    <div className="code" aria-hidden="true">
      <pre>
        <b>Rust</b>
        {`#[derive(Clone, Channel)]
#[channel("board/:boardId", presence = CursorState, …)]
struct Board { board_id: String }`}
      </pre>
      <pre>
        <b>React</b>
        {`const { memberIds, setPresence, send } =
  serverRooms.cursors.useRoom({ key: { boardId: '${boardId}' } });`}
      </pre>
    </div>
  );
}
