/** Shortens names in what `tsc` has made. Nothing is minified, so that a page's bundler finds its way. */
import { build } from 'esbuild';
import { readdirSync } from 'node:fs';
import { MANGLED } from './mangled.mjs';

const files = readdirSync('dist', { recursive: true }).filter((file) => file.endsWith('.js'));

await build({
  entryPoints: files.map((file) => `dist/${file}`),
  outdir: 'dist',
  outbase: 'dist',
  allowOverwrite: true,
  format: 'esm',
  target: 'es2022',
  ...MANGLED,
});
