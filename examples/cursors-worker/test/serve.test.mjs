// What serve.mjs promises, with a worker small enough to need no build.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SERVE = fileURLToPath(new URL('../serve.mjs', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'serve-test-'));
after(() => rmSync(directory, { recursive: true }));

const build = join(directory, 'build');
mkdirSync(build);
cpSync(new URL('worker.js', import.meta.url), join(build, 'index.js'));
// The shortest module there is: WebAssembly's magic number, and its version.
writeFileSync(join(build, 'index_bg.wasm'), Buffer.from('\0asm\x01\0\0\0', 'latin1'));

/** Starts serve.mjs with a directory for temporary files of its own. */
function start(...args) {
  const temporary = mkdtempSync(join(directory, 'tmp-'));
  const child = spawn(process.execPath, [SERVE, ...args], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (data) => (errors += data));
  const ended = once(child, 'close').then(([code]) => {
    assert.deepEqual(readdirSync(temporary), [], 'temporary files are left');
    return { code, errors };
  });
  return { child, ended };
}

/** The same, once it listens: each address by what it is called. */
async function serve(t, ...args) {
  const { child, ended } = start('--build', build, '--port', '0', ...args);
  t.after(() => {
    child.stdin.end();
    return ended;
  });
  const wanted = args.includes('--control') ? ['listening', 'control'] : ['listening'];
  const addresses = {};
  for await (const line of createInterface({ input: child.stdout })) {
    const [, name, url] = /^(\w+) on (http:\/\/127\.0\.0\.1:\d+)$/.exec(line) ?? [];
    assert.equal(name, wanted.shift(), line);
    addresses[name] = url;
    if (wanted.length > 0) continue;
    child.stdout.resume();
    return { child, ended, ...addresses };
  }
  throw new Error(`it ended before it listened: ${(await ended).errors}`);
}

const text = async (url) => (await fetch(url)).text();
const post = async (url) => (await fetch(url, { method: 'POST' })).status;

/** A WebSocket as bytes, and its end, whether or not that is a polite one. */
async function upgrade(url) {
  const headers = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  };
  const [, socket] = await once(get(url, { headers }), 'upgrade');
  const closed = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve));
  return { socket: socket.setEncoding('latin1').resume(), closed };
}

for (const [how, end] of [
  ['SIGTERM', (child) => child.kill('SIGTERM')],
  ['SIGINT', (child) => child.kill('SIGINT')],
  ['the end of its input', (child) => child.stdin.end()],
]) {
  test(`${how} ends it, and leaves neither a process nor a file`, async (t) => {
    const { child, ended, listening } = await serve(t);
    const { closed } = await upgrade(listening);
    end(child);
    assert.deepEqual(await ended, { code: 0, errors: '' });
    await closed;
    await assert.rejects(text(listening), ({ cause }) => cause.code === 'ECONNREFUSED');
  });
}

test('an eviction makes a new instance and keeps the sockets, and an abort ends them', async (t) => {
  const { listening, control } = await serve(t, '--control');
  const { socket, closed } = await upgrade(listening);
  const first = await text(listening);
  assert.equal(await text(listening), first, 'one instance as long as nothing happens');

  assert.equal(await post(`${control}/evict`), 204);
  const second = await text(listening);
  assert.notEqual(second, first);
  const said = once(socket, 'data');
  await text(`${listening}/say`);
  const [frame] = await said;
  assert.ok(frame.endsWith(second), frame);

  assert.equal(await post(`${control}/abort`), 204);
  await closed;
  assert.notEqual(await text(listening), second);
});

test('the control knows nothing else, and is not where the worker is', async (t) => {
  const { listening, control } = await serve(t, '--control');
  assert.equal(await post(`${control}/drop`), 404);
  assert.equal((await fetch(`${control}/evict`)).status, 404);
  const instance = await text(listening);
  await post(`${listening}/evict`);
  assert.equal(await text(listening), instance);
});

test('a file is served where there is one, and the worker for all else', async (t) => {
  const page = join(directory, 'page');
  mkdirSync(join(page, 'assets'), { recursive: true });
  writeFileSync(join(page, 'index.html'), 'the page');
  writeFileSync(join(page, 'assets', 'main.js'), 'the script');

  const { listening } = await serve(t, '--assets', page);
  const index = await fetch(listening);
  assert.equal(index.headers.get('content-type'), 'text/html');
  assert.equal(await index.text(), 'the page');
  const script = await fetch(`${listening}/assets/main.js`);
  assert.equal(script.headers.get('content-type'), 'text/javascript');
  assert.equal(await script.text(), 'the script');

  const instance = await text(`${listening}/api`);
  assert.equal(await text(`${listening}/assets`), instance, 'no list of files');
  assert.equal(await text(`${listening}/../build/index.js`), instance, 'nothing beside the page');
  const { socket } = await upgrade(listening);
  socket.destroy();
});

test('another wrangler.jsonc is what it goes by', async (t) => {
  const wrangler = {
    compatibility_date: '2026-11-01',
    durable_objects: { bindings: [{ name: 'OTHER', class_name: 'RoomObject' }] },
    migrations: [{ tag: 'v1', new_sqlite_classes: ['RoomObject'] }],
    vars: { GREETING: 'a "variable"' },
  };
  const file = join(directory, 'other.jsonc');
  writeFileSync(file, `// Not the one beside serve.mjs.\n${JSON.stringify(wrangler)}`);
  const { listening } = await serve(t, '--config', file);
  const env = JSON.parse(await text(`${listening}/env`));
  assert.deepEqual(env, { OTHER: {}, ...wrangler.vars });
});

test('a port that is taken is said, and is an error', async (t) => {
  const { listening } = await serve(t);
  const { code, errors } = await start('--build', build, '--port', new URL(listening).port).ended;
  assert.equal(code, 1);
  assert.match(errors, /already in use/i);
  assert.match(errors, /workerd ended by itself/);
});

test('a command line that asks for nothing there is says so', async () => {
  for (const [args, message] of [
    [[], /--build is missing/],
    [
      ['--build', join(directory, 'none')],
      /none.index\.js: `cargo xtask test --only worker-build`/,
    ],
    [
      ['--build', build, '--assets', join(directory, 'none')],
      /none: `cargo xtask test --only web-build`/,
    ],
    [['--build', build, '--port', '65536'], /65536 is no port/],
    [['--build', build, '--config', join(directory, 'none')], /--config: there is no .*none/],
    [['--bild', build], /--bild/],
  ]) {
    const { code, errors } = await start(...args).ended;
    assert.equal(code, 1, errors);
    assert.match(errors, message);
  }
});
