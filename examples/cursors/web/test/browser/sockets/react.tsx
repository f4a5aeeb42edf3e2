/** @jsxImportSource react */
import { StrictMode, useState, type FormEvent } from 'react';
import { createRoot } from 'react-dom/client';
import { socket } from 'roomful/react';
import { described, options, serverSockets } from './asked.js';

const { asked } = serverSockets(socket);

function Page() {
  const [mounted, setMounted] = useState(true);
  return (
    <>
      <button onClick={() => setMounted(false)}>Unmount</button>
      {mounted && <Talk />}
    </>
  );
}

function Talk() {
  const [events, setEvents] = useState<string[]>([]);
  const note = (event: string) => setEvents((before) => [...before, event]);
  const { send, close, status, lastMessage, closeInfo } = asked.useSocket({
    ...options,
    onOpen: () => note('open'),
    onClose: (info) => note(described(info)),
  });
  const say = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    send(JSON.parse(`${new FormData(event.currentTarget).get('message')}`));
  };
  return (
    <main>
      <output aria-label="status">{status}</output>
      <output aria-label="last message">{JSON.stringify(lastMessage)}</output>
      <output aria-label="close info">{closeInfo && described(closeInfo)}</output>
      <output aria-label="events">{events.join(', ')}</output>
      <form onSubmit={say}>
        <input name="message" aria-label="message" />
      </form>
      <button onClick={() => close(4000, 'done')}>Close</button>
    </main>
  );
}

createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
