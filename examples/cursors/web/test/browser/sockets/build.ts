/**
 * The pages with one socket, built and served, `/preact` and `/react`; and those with a feed and a live value,
 * `/heard/preact` and `/heard/react`.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { FRAMEWORKS } from './page.js';

/**
 * They have a server of their own, because the fixture has no files, and because they are to stay while it is lost.
 * Playwright's `route` will not do: a page that no server sent may not connect to this machine.
 */
export async function servePages(): Promise<{ url: string; stop: () => Promise<void> }> {
  const scripts = new Map<string, string>();
  for (const framework of FRAMEWORKS) {
    scripts.set(`/${framework}.js`, await bundle(`${framework}.tsx`));
    scripts.set(`/heard/${framework}.js`, await bundle(`../heard/${framework}.tsx`));
  }
  const server = createServer(({ url = '' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://page');
    const script = scripts.get(pathname);
    if (script) response.setHeader('content-type', 'text/javascript').end(script);
    else
      response
        .setHeader('content-type', 'text/html')
        .end(html(`${pathname}.js`, searchParams.get('rendered')));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** `rendered`: the live value, where a server has rendered the page with it. */
const html = (script: string, rendered: string | null) => `<!doctype html>
<link rel="icon" href="data:," />
<div id="app">${rendered === null ? '' : heardPage(rendered)}</div>
<script type="module" src="${script}"></script>`;

/** What a server renders of `heard/*.tsx`. */
const heardPage = (value: string) =>
  '<main><output aria-label="feed">connecting</output><output aria-label="last">[]</output>' +
  `<output aria-label="value">${value}</output><output aria-label="error">none</output>` +
  '<button>Refresh</button><output aria-label="told"></output><button>Unmount</button></main>';

async function bundle(page: string): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    // React's StrictMode mounts everything twice only then.
    mode: 'development',
    resolve: { dedupe: ['preact', 'react', 'react-dom'] },
    build: {
      write: false,
      rolldownOptions: {
        input: fileURLToPath(new URL(page, import.meta.url)),
        // As in `vite.config.ts`.
        onwarn: (warning, warn) => {
          if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
        },
      },
    },
  });
  const [output] = [built].flat();
  if (!output || !('output' in output)) throw new Error('the page was not built');
  return output.output[0].code;
}
