// Tries the npm package, as it is published, where people use it.
//
//   npm ci && npm test
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const run = (program, args, options = {}) =>
  execFileSync(program, args, {
    cwd: here('.'),
    stdio: ['ignore', 'inherit', 'inherit'],
    ...options,
  });

// Packed and unpacked: as a folder it would bring the React of its own tests along. It was built before.
const packed = run(
  'npm',
  ['pack', '--ignore-scripts', '--silent', '--pack-destination', here('node_modules')],
  {
    cwd: here('../typescript'),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
const archive = here(`node_modules/${packed.trim().split('\n').at(-1)}`);
const folder = here('node_modules/roomful');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
run('tar', ['-xzf', archive, '-C', folder, '--strip-components=1']);

run(process.execPath, ['--test', 'node.test.mjs']);
run(process.execPath, ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'], {
  env: { ...process.env, NODE_NO_WARNINGS: '1' },
});
run(process.execPath, ['--test', 'next.test.mjs']);
