/** @jsxImportSource react */
import { StrictMode, useState } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { feed, live } from 'roomful/react';
import { NOTHING, described, options, reduce, reduceMissed, rendered, server } from './asked.js';

const asked = server(feed, live);

function Page() {
  const [told, setTold] = useState<string[]>([]);
  const [mounted, setMounted] = useState(true);
  const tell = (what: string) => setTold((before) => [...before, what]);
  return (
    <main>
      {mounted && <Events tell={tell} />}
      {mounted && <Value />}
      <output aria-label="told">{told.join(', ')}</output>
      <button onClick={() => setMounted(false)}>Unmount</button>
    </main>
  );
}

function Events({ tell }: { tell: (what: string) => void }) {
  const { state, status } = asked.feed.useFeed({
    ...options,
    initial: NOTHING,
    reduce,
    reduceMissed,
    onEvent: (event) => tell(JSON.stringify(event)),
    onOpen: () => tell('open'),
    onResume: () => tell('resumed'),
    onMissed: () => tell('missed'),
    onClose: (info) => tell(described(info)),
  });
  return (
    <>
      <output aria-label="feed">{status}</output>
      <output aria-label="last">{JSON.stringify(state)}</output>
    </>
  );
}

function Value() {
  const { value, error, refresh } = asked.live.useLive({ ...options, initial: rendered });
  return (
    <>
      <output aria-label="value">{value === undefined ? 'none' : `${value}`}</output>
      <output aria-label="error">{error?.code ?? 'none'}</output>
      <button onClick={refresh}>Refresh</button>
    </>
  );
}

const page = (
  <StrictMode>
    <Page />
  </StrictMode>
);
const root = document.getElementById('app')!;
if (root.hasChildNodes()) hydrateRoot(root, page);
else createRoot(root).render(page);
