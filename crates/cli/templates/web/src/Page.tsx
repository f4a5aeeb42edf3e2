import { useState } from '{{hooks}}';
import { serverRooms } from './rooms.gen';

/** One board: everybody's cursor, and a chat. */
export function Page() {
  const [lines, setLines] = useState<string[]>([]);
  const { members, others, setPresence, send, status } = serverRooms.cursors.useRoom({
    key: { boardId: 'main' },
    presence: { x: 50, y: 50 },
    onMessage: (line) => setLines((before) => [...before.slice(-49), line.text]),
  });
  return (
    <main
      onPointerMove={(event) =>
        setPresence({ x: (event.clientX / innerWidth) * 100, y: (event.clientY / innerHeight) * 100 })
      }
    >
      <p>
        {status}: {members.length} here
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const field = event.currentTarget.elements.namedItem('text') as HTMLInputElement;
          if (field.value) send({ text: field.value });
          field.value = '';
        }}
      >
        <input name="text" maxLength={500} placeholder="Say something" autoComplete="off" />
      </form>
      {lines.map((text, index) => (
        <p key={index}>{text}</p>
      ))}
      {others.map(
        ({ id, state }) =>
          state && <div key={id} className="cursor" style={{ left: `${state.x}%`, top: `${state.y}%` }} />,
      )}
    </main>
  );
}
