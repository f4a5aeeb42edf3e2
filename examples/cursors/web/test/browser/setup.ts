import type { TestProject } from 'vitest/node';
import { servePages } from './sockets/build.js';
import { serve, type Addresses, type Runtime } from './servers.js';

declare module 'vitest' {
  export interface ProvidedContext {
    runtime: Runtime;
    /** The board, with the page as it was built. */
    board: Addresses;
    /** The sockets that tests use. */
    fixture: Addresses;
    /** The pages with one socket of it. */
    pages: string;
  }
}

/** Starts what the tests talk to on the runtime that the project is named after. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const runtime = project.name as Runtime;
  const servers = [serve(runtime, 'board'), serve(runtime, 'fixture'), servePages()] as const;
  const [board, fixture, pages] = await Promise.all(servers);
  const addresses = ({ url, control }: Addresses) => (control ? { url, control } : { url });
  project.provide('runtime', runtime);
  project.provide('board', addresses(board));
  project.provide('fixture', addresses(fixture));
  project.provide('pages', pages.url);
  return async () => void (await Promise.all([board.stop(), fixture.stop(), pages.stop()]));
}
