// Lets tests do to every running Durable Object what the platform does at a time of its own choosing.
//
// POST /evict    puts them away with their sockets open, each once it has done what it was at
// POST /abort    ends them where they stand, and their sockets with them
//
// Each answers 204 when it is done.
import unsafe from 'workerd:unsafe';

const ACTS = {
  '/evict': () => unsafe.evictAllDurableObjects(),
  '/abort': () => unsafe.abortAllDurableObjects(),
};

export default {
  async fetch(request) {
    const act = request.method === 'POST' ? ACTS[new URL(request.url).pathname] : undefined;
    if (!act) return new Response('POST /evict or /abort', { status: 404 });
    await act();
    return new Response(null, { status: 204 });
  },
};
