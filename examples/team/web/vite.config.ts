import { defineConfig } from 'vite';

const server = process.env['TEAM_SERVER'] ?? 'http://127.0.0.1:3000';

export default defineConfig({
  build: {
    target: 'es2022',
    rolldownOptions: {
      // `roomful/react` says `use client` to those who have components on a server, too.
      onwarn: (warning, warn) => {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
  // `roomful` is a folder of this repository, with a React of its own for its tests. In a project of yours it is not needed.
  resolve: { dedupe: ['react', 'react-dom'] },
  server: {
    proxy: {
      '/__sockets': { target: server, ws: true },
      '/api': { target: server },
    },
  },
});
