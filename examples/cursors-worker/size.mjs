// Prints what the board's worker comes to as it is uploaded, gzipped, and fails over the bound.
//
//   node size.mjs DIR
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Bytes, gzipped. The platform takes far more; each start of the worker takes as long as there is code to load. */
const BOUND = 459_500;

const [directory] = process.argv.slice(2);
if (directory === undefined)
  throw new Error('node size.mjs DIR: the directory that worker-build has written');

let total = 0;
for (const name of ['index_bg.wasm', 'index.js']) {
  const content = readFileSync(join(directory, name));
  const bytes = gzipSync(content, { level: 9 }).length;
  total += bytes;
  console.log(`${name}: ${content.length} B, ${bytes} B gzipped`);
}
const over = total > BOUND;
console.log(`the worker: ${total} B gzipped (bound ${BOUND} B)${over ? ' OVER' : ''}`);
if (over) process.exitCode = 1;
