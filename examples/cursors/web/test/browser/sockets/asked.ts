/** What the page shows is asked for in its address: `?socket=NAME`, with `&id=ID` where the socket has a param. */
import type { CloseInfo, SocketHookRef } from 'roomful';

/** One type for all of the fixture's sockets, so that one component shows any of them. */
interface AnySocket {
  params: { id?: string };
  incoming: unknown;
  outgoing: unknown;
}

const query = new URLSearchParams(location.search);

/** The same as `rooms.gen.ts` has, but for the name. */
export const serverSockets = (
  socket: (module: string, name: string) => SocketHookRef<AnySocket>,
) => ({ asked: socket('fixture', query.get('socket') ?? '') });

export const options = {
  params: { id: query.get('id') ?? undefined },
  url: query.get('url') ?? location.origin,
  // With a query, where the test has one for the server.
  path: query.get('path') ?? '/__sockets',
  lastMessage: true,
  // Until the server is there again, however long that takes.
  reconnect: { maxRetries: 1_000, maxDelay: 250 },
} as const;

export const described = ({ code, reason, wasClean }: CloseInfo) =>
  `${code} ${reason} ${wasClean ? 'clean' : 'unclean'}`;
