// The App Router of Next.js: a page that the server renders, with a room in a client component.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

test('a page with a room builds, and what the server renders of it is a room that nobody has joined', () => {
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };
  execFileSync(process.execPath, [here('node_modules/next/dist/bin/next'), 'build', here('next')], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const page = readFileSync(here('next/.next/server/app/index.html'), 'utf8');
  assert.match(page, /From the server/);
  assert.match(page, /<p id="here">connecting: 0 here<\/p>/);
});
