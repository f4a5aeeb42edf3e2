// Serves a built worker on workerd, the platform's own runtime, on this machine.
//
//   node serve.mjs --build DIR [--port 8787] [--assets DIR] [--config FILE] [--control]
//
// --build DIR    what worker-build has written
// --port PORT    the port to listen on, any free one when 0
// --assets DIR   the files that are served before the worker is asked
// --config FILE  the wrangler.jsonc to go by, the one beside this file when not given
// --control      a second socket, where tests act on the objects: see workerd/control.js
//
// The first line printed is `listening on http://127.0.0.1:PORT`, with --control the second one
// `control on http://127.0.0.1:PORT`. What workerd and the worker print goes to standard error. What objects store lasts
// until the end. SIGTERM, SIGINT and SIGHUP end it; so does the end of standard input, where that is a pipe: whoever
// started it is gone then.
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { workerdConfig } from './workerd/config.mjs';

const WRANGLER = fileURLToPath(new URL('wrangler.jsonc', import.meta.url));
const BUILT = ['index.js', 'index_bg.wasm'];

const options = readOptions();
const program = workerdProgram();
const directory = mkdtempSync(join(tmpdir(), 'roomful-worker-'));
let workerd;
let isStopping = false;
process.on('exit', () => {
  workerd?.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

const config = prepare();
// Of what is marked experimental, only the control is used. A worker that is deployed has none of it.
const experimental = options.control ? ['--experimental'] : [];
workerd = spawn(program, ['serve', ...experimental, '--control-fd=3', config], {
  stdio: ['ignore', 2, 2, 'pipe'],
});
workerd.on('error', (error) => fail(`workerd does not start: ${error.message}`));
workerd.on('exit', (code, signal) => {
  if (!isStopping) fail(`workerd ended by itself, with ${signal ?? `status ${code}`}`);
  process.exit();
});
createInterface({ input: workerd.stdio[3] }).on('line', announce);

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, stop);
const input = fstatSync(0);
if (input.isFIFO() || input.isSocket()) process.stdin.on('end', stop).on('error', stop).resume();

function readOptions() {
  const { build, port, assets, config, control } = parse();
  if (build === undefined) fail('--build is missing: the directory that worker-build has written');
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) fail(`--port: ${port} is no port`);
  for (const name of BUILT) {
    const file = resolve(build, name);
    if (!existsSync(file))
      fail(`there is no ${file}: \`cargo xtask test --only worker-build\` makes it`);
  }
  if (assets !== undefined && !existsSync(assets)) {
    fail(
      `there is no ${resolve(assets)}: \`cargo xtask test --only web-build\` makes the board's page`,
    );
  }
  if (!existsSync(config)) fail(`--config: there is no ${resolve(config)}`);
  return {
    build: resolve(build),
    port: Number(port),
    assets: assets && resolve(assets),
    wrangler: config,
    control,
  };
}

function parse() {
  try {
    return parseArgs({
      options: {
        build: { type: 'string' },
        port: { type: 'string', default: '8787' },
        assets: { type: 'string' },
        config: { type: 'string', default: WRANGLER },
        control: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail(error.message);
  }
}

/** The path that the package gives, and not its `bin`: that may be a script with a process of its own between. */
function workerdProgram() {
  try {
    return createRequire(import.meta.url)('workerd').default;
  } catch (error) {
    return fail(
      `workerd is not installed: run \`npm ci\` in examples/cursors-worker (${error.message})`,
    );
  }
}

/** Puts together what workerd reads: it embeds only what lies beside its configuration. */
function prepare() {
  for (const name of BUILT) cpSync(join(options.build, name), join(directory, name));
  for (const name of ['front.js', 'control.js']) {
    cpSync(fileURLToPath(new URL(`workerd/${name}`, import.meta.url)), join(directory, name));
  }
  const objects = join(directory, 'objects');
  mkdirSync(objects);
  const path = join(directory, 'config.capnp');
  writeFileSync(path, workerdConfig({ ...options, objects }));
  return path;
}

const ports = {};

/** Reads a line of workerd's, which says one port at a time. */
function announce(line) {
  const { event, socket, port } = JSON.parse(line);
  if (event !== 'listen') return;
  ports[socket] = port;
  if (!ports.http || (options.control && !ports.control)) return;
  console.log(`listening on http://127.0.0.1:${ports.http}`);
  if (options.control) console.log(`control on http://127.0.0.1:${ports.control}`);
}

/** Ends workerd as a crash would: asked more gently, it waits for every open socket to end. */
function stop() {
  isStopping = true;
  workerd.kill('SIGKILL');
}

function fail(message) {
  console.error(`serve.mjs: ${message}`);
  process.exit(1);
}
