import { defineConfig } from 'vitest/config';
import { RUNTIMES } from './test/browser/servers.js';

export default defineConfig(({ mode }) => ({
  test: {
    // One browser at a time, so that no two tests make each other slow.
    fileParallelism: false,
    // The same tests on every runtime, and those in the folder of its name. `--project axum` needs no worker.
    projects: RUNTIMES.map((runtime) => ({
      test: {
        name: runtime,
        // `--mode shots` takes pictures in place of testing.
        include:
          mode === 'shots'
            ? ['test/browser/*.shots.ts', `test/browser/${runtime}/*.shots.ts`]
            : ['test/browser/*.test.ts', `test/browser/${runtime}/*.test.ts`],
        globalSetup: 'test/browser/setup.ts',
        testTimeout: 30_000,
        hookTimeout: 60_000,
      },
    })),
  },
}));
