/** Prints what each entry costs a page, minified and gzipped, and fails over the bound. */
import { build } from 'esbuild';
import { gzipSync } from 'node:zlib';

/** Bytes. A hook is measured together with the core, which a page pays for once. */
const BOUNDS = {
  core: 4864,
  'preact hook, beyond the core': 1152,
  'react hook, beyond the core': 1152,
};

async function size(entry) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['preact', 'preact/*', 'react'],
    write: false,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

const core = await size('dist/index.js');
const sizes = {
  core,
  'preact hook, beyond the core': (await size('dist/preact.js')) - core,
  'react hook, beyond the core': (await size('dist/react.js')) - core,
};

for (const [name, bytes] of Object.entries(sizes)) {
  const over = bytes > BOUNDS[name];
  console.log(`${name}: ${bytes} B min+gzip (bound ${BOUNDS[name]} B)${over ? ' OVER' : ''}`);
  if (over) process.exitCode = 1;
}
