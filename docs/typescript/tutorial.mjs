// The end of `docs/tasks/setup.md`: the server, Vite before it, and two browsers that see one another.
//
//   node docs/typescript/tutorial.mjs WEB SERVER ADDRESS

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [web, program, address] = process.argv.slice(2);
const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const { chromium } = createRequire(join(root, 'examples/cursors/web/package.json'))(
  'playwright-core',
);
const [host, port] = address.split(':');

/** Whether somebody listens there. */
const answers = () =>
  new Promise((done) => {
    const socket = connect(Number(port), host);
    socket.once('connect', () => (socket.destroy(), done(true)));
    socket.once('error', () => done(false));
  });

const server = spawn(program, { stdio: 'inherit' });
let ended = false;
server.once('exit', () => (ended = true));
while (!(await answers())) {
  if (ended) throw new Error('the server has ended');
  await new Promise((look) => setTimeout(look, 10));
}

const folder = resolve(web);
process.chdir(folder);
const vite = await import(pathToFileURL(join(folder, 'node_modules/vite/dist/node/index.js')).href);
const pages = await vite.createServer({ root: folder, server: { host: '127.0.0.1', port: 0 } });
await pages.listen();
const { port: pagesPort } = pages.httpServer.address();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
});
try {
  const open = async () => {
    // A browser of its own: nothing is shared with the other.
    const page = await (await browser.newContext()).newPage();
    page.on('pageerror', (error) => console.error(error));
    await page.goto(`http://127.0.0.1:${pagesPort}/`);
    return page;
  };
  const [ann, ben] = [await open(), await open()];
  for (const page of [ann, ben]) await page.getByText('open: 2 here').waitFor();
  const heard = ben.waitForEvent('console', (message) => message.text().includes('hello'));
  await ann.getByText('open: 2 here').click();
  await heard;
  console.log('  two browsers see and hear one another');
} finally {
  await browser.close();
  await pages.close();
  server.kill('SIGTERM');
}
