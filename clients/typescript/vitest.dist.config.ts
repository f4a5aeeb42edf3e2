/** The same tests on what is published, whose internal names are others: the tests that use them are given those, too. */
import { transform } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';
import { MANGLED } from './scripts/mangled.mjs';
import config from './vitest.config.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default mergeConfig(
  config,
  defineConfig({
    plugins: [
      {
        name: 'published',
        enforce: 'pre',
        resolveId(source, importer) {
          if (!importer?.startsWith(here('test/'))) return;
          const [, file] = /^(?:\.\.\/)+src\/(.+)$/.exec(source) ?? [];
          return file && here(`dist/${file}`);
        },
        async transform(code, id) {
          if (!id.startsWith(here('test/'))) return;
          return transform(code, { loader: 'tsx', target: 'es2022', sourcemap: true, ...MANGLED });
        },
      },
    ],
  }),
);
