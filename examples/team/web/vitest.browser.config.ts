import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  test: {
    // `--mode shots` takes pictures in place of testing.
    include: [mode === 'shots' ? 'test/browser/*.shots.ts' : 'test/browser/*.test.ts'],
    // One browser at a time, so that no two tests make each other slow.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
}));
