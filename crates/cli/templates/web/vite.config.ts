import { defineConfig } from 'vite';

export default defineConfig({
  // Without `changeOrigin`: the server lets only its own pages connect, and knows them by their host.
  server: { proxy: { '/__sockets': { target: 'http://127.0.0.1:3000', ws: true } } },
  build: {
    rolldownOptions: {
      // `roomful/react` says `use client` to those who have components on a server, too.
      onwarn: (warning, warn) => {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
});
