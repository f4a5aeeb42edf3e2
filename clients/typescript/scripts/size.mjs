/**
 * Prints what each part costs a page that uses no other, minified and gzipped, and fails over the bound, or where the README's
 * table says another one.
 */
import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const ROOM = ['joinRoom', 'room', 'RoomError'];
const SOCKET = ['openSocket', 'socket', 'RoomError'];
const FEED = ['openFeed', 'feed', 'RoomError'];
const LIVE = ['watchLive', 'live', 'RoomError'];
const BOTH = ['joinRoom', 'room', 'openSocket', 'socket', 'RoomError'];
const ALL = [...new Set([...BOTH, ...FEED, ...LIVE])];

const index = (exports) => ({ from: 'index', exports });

/**
 * What a framework's entry costs, each with what it is used with: a hook beyond its core, and what few pages use beyond
 * the hook.
 */
function hooks(from, { useRoom, useSocket, useFeed, useLive }) {
  const room = { from, exports: [...ROOM, 'useRoom', 'useMember'] };
  const more = (name) => ({ from, exports: [...room.exports, name] });
  const socket = { from, exports: [...SOCKET, 'useSocket'] };
  const feed = { from, exports: [...FEED, 'useFeed'] };
  const live = { from, exports: [...LIVE, 'useLive'] };
  return [
    { name: `${from} useRoom, beyond rooms`, of: room, beyond: index(ROOM), bound: useRoom },
    {
      name: `${from} useSocket, beyond sockets`,
      of: socket,
      beyond: index(SOCKET),
      bound: useSocket,
    },
    { name: `${from} useFeed, beyond feeds`, of: feed, beyond: index(FEED), bound: useFeed },
    { name: `${from} useLive, beyond live values`, of: live, beyond: index(LIVE), bound: useLive },
    { name: `${from} useOthers, beyond useRoom`, of: more('useOthers'), beyond: room, bound: 288 },
    { name: `${from} useUsers, beyond useRoom`, of: more('useUsers'), beyond: room, bound: 688 },
    {
      name: `${from} useConnection, beyond useRoom`,
      of: more('useConnection'),
      beyond: room,
      bound: 416,
    },
  ];
}

/** Bounds are in bytes. */
const PARTS = [
  { name: 'rooms', of: index(ROOM), bound: 6144 },
  { name: 'sockets', of: index(SOCKET), bound: 5120 },
  { name: 'rooms and sockets', of: index(BOTH), bound: 6464 },
  { name: 'feeds', of: index(FEED), bound: 5248 },
  { name: 'live values', of: index(LIVE), bound: 5440 },
  { name: 'all four', of: index(ALL), bound: 7168 },
  ...hooks('preact', { useRoom: 1536, useSocket: 1440, useFeed: 1472, useLive: 1440 }),
  ...hooks('react', { useRoom: 1504, useSocket: 1376, useFeed: 1440, useLive: 1376 }),
];

async function size({ from, exports }) {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${exports} } from './dist/${from}.js'`, resolveDir: '.' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['preact', 'preact/*', 'react'],
    write: false,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

/** What the README says of each part. */
const told = new Map(
  [...readFileSync('README.md', 'utf8').matchAll(/^\| (\S.*?) +\| ([\d,]+) +\|$/gm)].map(
    ([, name, bytes]) => [name, Number(bytes.replaceAll(',', ''))],
  ),
);

for (const { name, of, beyond, bound } of PARTS) {
  const bytes = (await size(of)) - (beyond ? await size(beyond) : 0);
  const over = bytes > bound;
  console.log(`${name}: ${bytes} B min+gzip (bound ${bound} B)${over ? ' OVER' : ''}`);
  if (over) process.exitCode = 1;
  if (told.get(name) === bound) continue;
  console.log(`  and README.md has ${told.get(name) ?? 'no row'} for it`);
  process.exitCode = 1;
}
