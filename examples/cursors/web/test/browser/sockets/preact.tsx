import { render, type TargetedSubmitEvent } from 'preact';
import { useState } from 'preact/hooks';
import { socket } from 'roomful/preact';
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
  const say = (event: TargetedSubmitEvent<HTMLFormElement>) => {
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

render(<Page />, document.getElementById('app')!);
