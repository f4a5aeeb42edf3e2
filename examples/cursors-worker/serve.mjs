// Serves a built worker on workerd, the platform's own runtime, on this machine.
//
//   node serve.mjs --build DIR [--port 8787] [--assets DIR] [--control]
//
// The first line printed is `listening on http://127.0.0.1:PORT`. With `--control` a second one is
// `control on http://127.0.0.1:PORT`: `POST /evict` there puts every object away, its sockets open, and answers when
// that is done; `POST /abort` ends them all, sockets included. It stops on SIGTERM and SIGINT, and when its standard
// input ends: whoever started it is gone then.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

/** What the platform does with `assets` of wrangler.jsonc: a file where there is one, the worker for all else. */
const FRONT = `
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (request.method === 'GET' && !request.headers.has('upgrade')) {
      const path = url.pathname.endsWith('/') ? url.pathname + 'index.html' : url.pathname;
      const asset = await env.ASSETS.fetch('http://assets' + path);
      if (asset.ok) {
        const type = TYPES[path.split('.').pop()] ?? 'application/octet-stream';
        return new Response(asset.body, { headers: { 'content-type': type } });
      }
    }
    return env.ROOMS.fetch(request);
  },
};
`;

const CONTROL = `
import unsafe from 'workerd:unsafe';

const ACTS = { '/evict': () => unsafe.evictAllDurableObjects(), '/abort': () => unsafe.abortAllDurableObjects() };

export default {
  async fetch(request) {
    const act = request.method === 'POST' && ACTS[new URL(request.url).pathname];
    if (!act) return new Response('not found', { status: 404 });
    await act();
    return new Response(null, { status: 204 });
  },
};
`;

const { values } = parseArgs({
  options: {
    build: { type: 'string' },
    port: { type: 'string', default: '8787' },
    assets: { type: 'string' },
    control: { type: 'boolean', default: false },
  },
});

const build = resolve(required(values.build, '--build', 'the directory that worker-build has written'));
const assets = values.assets && resolve(values.assets);
const modules = ['index.js', 'index_bg.wasm'];
for (const file of [...modules.map((name) => join(build, name)), ...(assets ? [assets] : [])]) {
  if (!existsSync(file)) fail(`there is no ${file}: build it first, with \`cargo xtask test --only worker-build\``);
}

const directory = mkdtempSync(join(tmpdir(), 'roomful-worker-'));
mkdirSync(join(directory, 'objects'));
// workerd embeds what lies beside its configuration.
for (const name of modules) copyFileSync(join(build, name), join(directory, name));
writeFileSync(join(directory, 'config.capnp'), config());

const workerd = spawn(
  workerdPath(),
  ['serve', '--experimental', '--control-fd=3', join(directory, 'config.capnp')],
  { stdio: ['ignore', 2, 2, 'pipe'] },
);
workerd.on('error', (error) => fail(`workerd does not start: ${error.message}`));
workerd.on('exit', (code, signal) => {
  rmSync(directory, { recursive: true, force: true });
  process.exit(signal ? 0 : (code ?? 1));
});
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop);
process.stdin.on('end', stop).on('error', stop).resume();

const ports = {};
createInterface({ input: workerd.stdio[3] }).on('line', (line) => {
  const { event, socket, port } = JSON.parse(line);
  if (event !== 'listen') return;
  ports[socket] = port;
  if (!ports.http || (values.control && !ports.control)) return;
  console.log(`listening on http://127.0.0.1:${ports.http}`);
  if (values.control) console.log(`control on http://127.0.0.1:${ports.control}`);
});

function stop() {
  workerd.kill('SIGKILL');
}

/** What workerd is told: https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp. */
function config() {
  const services = [
    '(name = "rooms", worker = .rooms)',
    `(name = "objects", disk = (path = ${text(join(directory, 'objects'))}, writable = true))`,
  ];
  const entry = assets ? 'front' : 'rooms';
  const sockets = [socket('http', values.port, entry)];
  if (assets) {
    services.push('(name = "front", worker = .front)', `(name = "assets", disk = (path = ${text(assets)}))`);
  }
  if (values.control) {
    services.push('(name = "control", worker = .control)');
    sockets.push(socket('control', 0, 'control'));
  }
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [${services.join(', ')}],
  sockets = [${sockets.join(', ')}],
);

const rooms :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "index.js"),
    (name = "index_bg.wasm", wasm = embed "index_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [(className = "RoomObject", uniqueKey = "rooms", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [(name = "ROOMS", durableObjectNamespace = "RoomObject")],
);

const front :Workerd.Worker = (
  modules = [(name = "front.js", esModule = ${text(FRONT)})],
  compatibilityDate = "2026-11-01",
  bindings = [(name = "ROOMS", service = "rooms"), (name = "ASSETS", service = "assets")],
);

const control :Workerd.Worker = (
  modules = [(name = "control.js", esModule = ${text(CONTROL)})],
  compatibilityDate = "2026-11-01",
  compatibilityFlags = ["unsafe_module"],
  bindings = [(name = "ROOMS", durableObjectNamespace = (className = "RoomObject", serviceName = "rooms"))],
);
`;
}

function socket(name, port, service) {
  return `(name = "${name}", address = "127.0.0.1:${Number(port)}", http = (), service = "${service}")`;
}

/** Text as capnp writes it: what JSON writes for ASCII. */
function text(value) {
  return JSON.stringify(value);
}

function workerdPath() {
  try {
    return createRequire(import.meta.url).resolve('workerd/bin/workerd');
  } catch {
    return fail('workerd is not installed: run `npm ci` in examples/cursors-worker');
  }
}

function required(value, name, what) {
  return value ?? fail(`${name} is missing: ${what}`);
}

function fail(message) {
  console.error(`serve.mjs: ${message}`);
  process.exit(1);
}
