/** The programs that the tests talk to, on each runtime. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Who may see the inspector of a board that a test starts. */
export const OPERATOR = { username: 'operator', password: 'of these tests' };

export const RUNTIMES = ['axum', 'workerd'] as const;
export type Runtime = (typeof RUNTIMES)[number];

export interface Addresses {
  readonly url: string;
  /** Where Durable Objects are put away at will. Only workerd has it. */
  readonly control?: string;
}

export interface Server extends Addresses {
  /** Asks it to end, and fails when it does not end well. */
  stop(): Promise<void>;
  /** Lets it do nothing more; what is sent to it arrives at its system. */
  stall(): void;
  /** Ends it as a crash would: nobody is told. */
  crash(): Promise<void>;
}

type Command = [program: string, ...args: string[]];

const REPOSITORY = fileURLToPath(new URL('../../../../../', import.meta.url));

// The fixture is asked by pages that another server has: see `servePages`.
const COMMANDS = {
  axum: {
    board: native('cursors', process.env['CURSORS_BIN']),
    nodes: [...native('cursors', process.env['CURSORS_BIN']), 'nodes'],
    fixture: [...native('fixture', process.env['FIXTURE_BIN']), '--any-origin'],
  },
  workerd: {
    board: worker('board', '--assets', 'examples/cursors/web/dist'),
    fixture: worker(
      'fixture',
      '--config',
      fileURLToPath(new URL('workerd/fixture.json', import.meta.url)),
    ),
  },
} as const satisfies Record<Runtime, Record<string, Command>>;

// What serves on workerd ends that as a crash would, and must be there to do so.
const CRASH = { axum: 'SIGKILL', workerd: 'SIGTERM' } as const;

/** Starts the board, the sockets that tests use, or the board on three nodes; `port` 0 is any that is free. */
export async function serve<R extends Runtime>(
  runtime: R,
  app: keyof (typeof COMMANDS)[R],
  port = 0,
): Promise<Server> {
  const [program, ...args] = COMMANDS[runtime][app] as Command;
  const server = spawn(program, [...args, '--port', `${port}`], {
    cwd: REPOSITORY,
    env: { ...process.env, RUST_LOG: 'warn', CURSORS_OPERATOR: OPERATOR.password },
    // What serves on workerd ends with its standard input.
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  process.once('exit', () => server.kill());
  const ended = once(server, 'exit');
  const end = async (signal: NodeJS.Signals) => {
    server.kill(signal);
    return (await ended)[0] as number | null;
  };
  return {
    ...(await addresses(server, runtime)),
    async stop() {
      const code = await end('SIGTERM');
      if (code !== 0) throw new Error(`${program} ended with ${code} on SIGTERM`);
    },
    stall: () => void server.kill('SIGSTOP'),
    crash: async () => void (await end(CRASH[runtime])),
  };
}

/** `built` is the program where it was built before. */
function native(name: string, built: string | undefined): Command {
  return built ? [built] : ['cargo', 'run', '--quiet', '--locked', '--package', name, '--'];
}

function worker(name: string, ...args: string[]): Command {
  const build = ['--build', `target/worker/${name}`, '--control'];
  return [process.execPath, 'examples/cursors-worker/serve.mjs', ...build, ...args];
}

async function addresses(server: ChildProcess, runtime: Runtime): Promise<Addresses> {
  const found: Record<string, string> = {};
  for await (const line of createInterface(server.stdout!)) {
    const [, name, url] = /^(listening|control) on (http:\S+)$/.exec(line) ?? [];
    if (name && url) found[name] = url;
    const { listening, control } = found;
    if (listening && control) return { url: listening, control };
    if (listening && runtime === 'axum') return { url: listening };
  }
  throw new Error('the server ended before it said where it listens');
}

/** Puts away every Durable Object, with its sockets open, once it has done what it was at. */
export async function evict({ control }: Addresses): Promise<void> {
  const { status } = await fetch(`${control}/evict`, { method: 'POST' });
  if (status !== 204) throw new Error(`the eviction was answered with ${status}`);
}
