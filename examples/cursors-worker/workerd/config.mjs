// What workerd is told: the worker as wrangler.jsonc describes it, and around it what a platform would bring.
// Its language: https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp
import { readFileSync } from 'node:fs';

/**
 * The configuration's text. `wrangler` is the path of a wrangler.jsonc, `objects` the directory in which Durable Objects
 * keep their storage.
 */
export function workerdConfig({ port, assets, wrangler, control, objects }) {
  const { compatibility_date: date, durable_objects, migrations, vars = {} } = read(wrangler);
  const sqlite = migrations.flatMap((migration) => migration.new_sqlite_classes ?? []);
  const { bindings } = durable_objects;
  const namespace = ({ class_name: name }) =>
    `(className = ${text(name)}, uniqueKey = ${text(name)}, enableSql = ${sqlite.includes(name)}, preventEviction = false)`;
  const binding = ({ name, class_name }) =>
    `(name = ${text(name)}, durableObjectNamespace = (className = ${text(class_name)}, serviceName = "worker"))`;

  const variable = ([name, value]) => `(name = ${text(name)}, text = ${text(value)})`;
  const bound = [...bindings.map(binding), ...Object.entries(vars).map(variable)];

  const services = [
    '(name = "worker", worker = .worker)',
    `(name = "objects", disk = (path = ${text(objects)}, writable = true))`,
  ];
  const sockets = [socket('http', port, assets ? 'front' : 'worker')];
  if (assets) {
    services.push(
      '(name = "front", worker = .front)',
      `(name = "assets", disk = (path = ${text(assets)}))`,
    );
  }
  if (control) {
    services.push('(name = "control", worker = .control)');
    sockets.push(socket('control', 0, 'control'));
  }
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [${services.join(', ')}],
  sockets = [${sockets.join(', ')}],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "index.js"),
    (name = "index_bg.wasm", wasm = embed "index_bg.wasm"),
  ],
  compatibilityDate = ${text(date)},
  durableObjectNamespaces = [${bindings.map(namespace).join(', ')}],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [${bound.join(', ')}],
);

const front :Workerd.Worker = (
  modules = [(name = "front.js", esModule = embed "front.js")],
  compatibilityDate = ${text(date)},
  bindings = [(name = "WORKER", service = "worker"), (name = "ASSETS", service = "assets")],
);

const control :Workerd.Worker = (
  modules = [(name = "control.js", esModule = embed "control.js")],
  compatibilityDate = ${text(date)},
  compatibilityFlags = ["unsafe_module"],
  # The objects that it acts on are those that it could call.
  bindings = [${bindings.map(binding).join(', ')}],
);
`;
}

/** Read and not repeated, so that what is tried here is what a deployment gets. */
function read(wrangler) {
  const source = readFileSync(wrangler, 'utf8');
  return JSON.parse(source.replace(/^\s*\/\/.*$/gm, ''));
}

function socket(name, port, service) {
  return `(name = "${name}", address = "127.0.0.1:${port}", http = (), service = "${service}")`;
}

/** Text as capnp writes it, which is as JSON does. */
function text(value) {
  return JSON.stringify(value);
}
