import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const server = process.env['CURSORS_SERVER'] ?? 'http://127.0.0.1:3000';
const page = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  build: {
    target: 'es2022',
    rolldownOptions: {
      input: [page('index.html'), page('react.html')],
      // `roomful/react` says `use client` to those who have components on a server, too.
      onwarn: (warning, warn) => {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
  // `roomful` is a folder of this repository with packages of its own for its tests. A second Preact on
  // the page would know nothing of the first one's hooks.
  resolve: { dedupe: ['preact', 'react', 'react-dom'] },
  server: {
    proxy: {
      '/__sockets': { target: server, ws: true },
      '/api': { target: server },
      '/demo': { target: server },
    },
  },
});
