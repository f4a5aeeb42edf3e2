import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    server: string;
  }
}

const REPOSITORY = fileURLToPath(new URL('../../../../../', import.meta.url));

/** Starts the server of the board, with the page as it was built. `CURSORS_BIN` is a server built before. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const built = process.env['CURSORS_BIN'];
  const [program, args] = built
    ? [built, []]
    : ['cargo', ['run', '--quiet', '--locked', '--package', 'cursors', '--']];
  const server = spawn(program, [...args, '--port', '0'], {
    cwd: REPOSITORY,
    env: { ...process.env, RUST_LOG: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  project.provide('server', await address(server));
  return async () => {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    const [code] = await ended;
    if (code !== 0) throw new Error(`the server ended with ${code} on SIGTERM`);
  };
}

async function address(server: ChildProcess): Promise<string> {
  for await (const line of createInterface(server.stdout!)) {
    const found = /^listening on (http:\S+)$/.exec(line);
    if (found?.[1]) return found[1];
  }
  throw new Error('the server ended before it said where it listens');
}
