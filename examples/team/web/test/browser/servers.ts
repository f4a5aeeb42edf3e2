/** The programs that the tests talk to. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../../', import.meta.url));
// Debian has the broker where only root's PATH looks.
const PATH = `${process.env['PATH']}:/usr/sbin`;

export interface Server {
  readonly url: string;
  /** Where the first admin joins, of a server without people. */
  readonly first?: string;
  /** Asks it to end, and fails when it does not end well. */
  stop(): Promise<void>;
  /** Lets it do nothing more; what is sent to it arrives at its system. */
  stall(): void;
  /** Ends it as a crash would: nobody is told. */
  crash(): Promise<void>;
}

/** A folder for a database, which is gone with the tests. */
export async function makeFolder(): Promise<{ database: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'team-'));
  return {
    database: join(folder, 'team.db'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Starts the chat over this database; port 0 is any that is free. */
export async function serve(database: string, port = 0, ...args: string[]): Promise<Server> {
  const built = process.env['TEAM_BIN'];
  const [program, ...first] = built ? [built] : ['cargo', 'run', '--quiet', '--locked', '--'];
  const server = start(program!, [...first, '--database', database, '--port', `${port}`, ...args]);
  const found: Record<string, string> = {};
  for await (const line of createInterface(server.process.stdout!)) {
    const [, name, url] = /^(listening on|The first admin joins at) (http:\S+)$/.exec(line) ?? [];
    if (name && url) found[name] = url;
    if (found['listening on']) break;
  }
  const url = found['listening on'];
  if (!url) throw new Error('the server ended before it said where it listens');
  const joins = found['The first admin joins at'];
  return { ...server, url, ...(joins && { first: joins }) };
}

/** NATS, for as long as a test needs it. */
export async function serveBroker(): Promise<Server> {
  const port = await freePort();
  const broker = start('nats-server', ['-a', '127.0.0.1', '-p', `${port}`]);
  while (!(await answers(port))) {
    if (broker.process.exitCode !== null) throw new Error('the broker has ended');
    await new Promise((look) => setTimeout(look, 10));
  }
  return { ...broker, url: `nats://127.0.0.1:${port}` };
}

function start(program: string, args: string[]) {
  const server: ChildProcess = spawn(program, args, {
    cwd: FOLDER,
    env: { ...process.env, PATH, RUST_LOG: 'warn' },
    stdio: ['ignore', 'pipe', program === 'nats-server' ? 'ignore' : 'inherit'],
  });
  const kill = () => void server.kill();
  process.once('exit', kill);
  const ended = once(server, 'exit');
  void ended.then(() => process.off('exit', kill));
  const end = async (signal: NodeJS.Signals) => {
    server.kill(signal);
    return (await ended)[0] as number | null;
  };
  return {
    process: server,
    async stop() {
      const code = await end('SIGTERM');
      // NATS ends so when it is asked to.
      if (code !== 0 && program !== 'nats-server')
        throw new Error(`${program} ended with ${code} on SIGTERM`);
    },
    stall: () => void server.kill('SIGSTOP'),
    crash: async () => void (await end('SIGKILL')),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), done(true)));
    socket.once('error', () => done(false));
  });
