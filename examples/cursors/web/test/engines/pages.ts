/** The page of a visitor, built and served. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const HTML = `<!doctype html>
<link rel="icon" href="data:," />
<script type="module" src="/visitor.js"></script>`;

export async function servePages(): Promise<{ url: string; stop: () => Promise<void> }> {
  const script = await bundle();
  const server = createServer(({ url = '' }, response) => {
    const { pathname } = new URL(url, 'http://page');
    const isScript = pathname === '/visitor.js';
    const isPage = pathname === '/';
    response
      .setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
      .end(isScript ? script : isPage ? HTML : '<!doctype html><title>elsewhere</title>');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      rolldownOptions: { input: fileURLToPath(new URL('visitor.ts', import.meta.url)) },
    },
  });
  const [output] = [built].flat();
  if (!output || !('output' in output)) throw new Error('the page was not built');
  return output.output[0].code;
}
