/** What lies between a page and its server, and can be cut. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

type Way = 'to the server' | 'to the page';

export interface Cable {
  readonly url: string;
  /** Ends every connection that goes through it, as a network does that forgets them: with a reset. */
  cut(): void;
  /** From now on nothing arrives on the other side, or on one of both, and nobody is told. */
  stall(way?: Way): void;
  /** Nothing connects until it is mended. What goes through it is cut. */
  pull(): void;
  /** What is made from now on goes through. What was stalled stays so. */
  mend(): void;
  remove(): Promise<void>;
}

export async function layCable(to: string): Promise<Cable> {
  const { port: target } = new URL(to);
  /** By the way that what comes in there goes. */
  const ends = new Map<Socket, Way>();
  let isPulled = false;
  const server = createServer((near) => {
    if (isPulled) return void near.resetAndDestroy();
    const far = connect(Number(target), '127.0.0.1');
    for (const [end, other, way] of [
      [near, far, 'to the server'],
      [far, near, 'to the page'],
    ] as const) {
      ends.set(end, way);
      end.pipe(other);
      end.on('error', () => other.destroy());
      end.on('close', () => {
        ends.delete(end);
        other.destroy();
      });
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const cut = () => ends.forEach((_, end) => end.resetAndDestroy());
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    stall: (stalled) =>
      ends.forEach((way, end) => {
        if (stalled && way !== stalled) return;
        end.unpipe();
        end.pause();
      }),
    pull() {
      isPulled = true;
      cut();
    },
    mend() {
      isPulled = false;
    },
    async remove() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
