/** Prints what each part costs a page that uses no other, minified and gzipped, and fails over the bound. */
import { build } from 'esbuild';
import { gzipSync } from 'node:zlib';

const ROOM = '{ joinRoom, room, RoomError }';
const SOCKET = '{ openSocket, socket, RoomError }';
const ROOM_HOOK = '{ joinRoom, room, useRoom, useMember, RoomError }';
const SOCKET_HOOK = '{ openSocket, socket, useSocket, RoomError }';

/** Bytes. A hook is measured together with its core, which a page pays for once. */
const PARTS = [
  { name: 'rooms', from: 'index', exports: ROOM, bound: 6048 },
  { name: 'sockets', from: 'index', exports: SOCKET, bound: 4960 },
  { name: 'rooms and sockets', from: 'index', exports: '*', bound: 6352 },
  { name: 'preact useRoom', from: 'preact', exports: ROOM_HOOK, beyond: ROOM, bound: 1472 },
  { name: 'preact useSocket', from: 'preact', exports: SOCKET_HOOK, beyond: SOCKET, bound: 1344 },
  { name: 'react useRoom', from: 'react', exports: ROOM_HOOK, beyond: ROOM, bound: 1408 },
  { name: 'react useSocket', from: 'react', exports: SOCKET_HOOK, beyond: SOCKET, bound: 1280 },
];

async function size(from, exports) {
  const { outputFiles } = await build({
    stdin: { contents: `export ${exports} from './dist/${from}.js'`, resolveDir: '.' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['preact', 'preact/*', 'react'],
    write: false,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

for (const { name, from, exports, beyond, bound } of PARTS) {
  const bytes = (await size(from, exports)) - (beyond ? await size('index', beyond) : 0);
  const over = bytes > bound;
  const what = beyond ? `${name}, beyond its core` : name;
  console.log(`${what}: ${bytes} B min+gzip (bound ${bound} B)${over ? ' OVER' : ''}`);
  if (over) process.exitCode = 1;
}
