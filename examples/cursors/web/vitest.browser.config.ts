import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  test: {
    // `--mode shots` takes pictures in place of testing.
    include: [mode === 'shots' ? 'test/browser/*.shots.ts' : 'test/browser/*.test.ts'],
    globalSetup: 'test/browser/server.ts',
    // One browser and one server are shared, and both pages are told apart by their board.
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
}));
