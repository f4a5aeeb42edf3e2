// What the platform does with `assets` of wrangler.jsonc: a file where there is one, the worker for all else.

const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };
/** What workerd says of every file. A directory, of which it would list the names, is something else. */
const FILE = 'application/octet-stream';

export default {
  async fetch(request, env) {
    return (await asset(request, env)) ?? env.WORKER.fetch(request);
  },
};

async function asset(request, env) {
  if (request.method !== 'GET' || request.headers.has('upgrade')) return undefined;
  const { pathname } = new URL(request.url);
  const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
  const file = await env.ASSETS.fetch(`http://assets${path}`);
  if (!file.ok || file.headers.get('content-type') !== FILE) return undefined;
  const type = TYPES[path.split('.').pop()] ?? FILE;
  return new Response(file.body, { headers: { 'content-type': type } });
}
