// Builds the package into dist, where that is not what the sources say already.
//
// What packs, measures and lints builds first, each for itself, and others read dist meanwhile: so it is written anew only where
// something has changed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

/** Beside what is installed, so that it goes when the compiler does. */
const STAMP = 'node_modules/.cache/roomful-build';

/** What dist is made of, and the compiler's version by the lock file. */
const SOURCES = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];

function files(directory) {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function hash(paths) {
  const all = createHash('sha256');
  for (const path of paths.toSorted())
    all.update(`${path}\0`).update(readFileSync(path)).update('\0');
  return all.digest('hex');
}

/** What was made of which sources. */
function stamp() {
  const made = existsSync('dist') ? hash(files('dist')) : 'nothing';
  return `${hash([...SOURCES, ...files('src'), ...files('scripts')])} ${made}`;
}

if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== stamp()) {
  rmSync('dist', { recursive: true, force: true });
  const run = (program, args) =>
    execFileSync(process.execPath, [program, ...args], { stdio: 'inherit' });
  run('node_modules/typescript/bin/tsc', ['-p', 'tsconfig.build.json']);
  run('scripts/mangle.mjs', []);
  mkdirSync('node_modules/.cache', { recursive: true });
  writeFileSync(STAMP, stamp());
}
