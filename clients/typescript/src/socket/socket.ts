import { page, type Environment } from '../connection/environment.js';
import { live, OWN } from '../connection/fields.js';
import { takePart, type AnyOptions, type Part, type PartKind } from '../connection/part.js';
import type { State } from '../connection/shared.js';
import type { SocketArgs, SocketField, SocketHandle, SocketRef, SocketTypes } from './types.js';
import { encode, read } from './wire.js';

/** Options with the types taken off: within, a socket is of any type. */
export interface AnySocketOptions extends AnyOptions {
  params?: object | undefined;
  lastMessage?: boolean;
}

/**
 * Opens a socket: a private channel to the server, on a connection of its own.
 *
 * ```ts
 * const chat = openSocket(serverSockets.chat, {
 *   params: { docId: 'readme' },
 *   onMessage: (answer) => print(answer),
 * });
 * chat.send({ question: 'why?' });
 * chat.close();
 * ```
 *
 * @throws TypeError without a page and without `url`, or where there is no WebSocket and none is given.
 */
export const openSocket: <T extends SocketTypes, L extends boolean = false>(
  ref: SocketRef<T>,
  ...args: SocketArgs<T, L>
) => SocketHandle<T, L> = (ref, ...[options]) =>
  open(ref, options as AnySocketOptions | undefined) as any;

/** One user's part in a socket: a socket, and what only the hooks use of it. */
export interface OpenedSocket extends Part<State, AnySocketOptions> {
  readonly lastMessage?: unknown;
}

export function open(
  ref: SocketRef<any>,
  options: AnySocketOptions = {},
  environment: Environment = page,
): OpenedSocket {
  let last: unknown;
  const part: OpenedSocket = takePart(
    SOCKET,
    ref,
    options.params,
    options,
    environment,
    ({ lastMessage, onMessage }, { msg }) => {
      if (lastMessage && !Object.is(msg, last)) {
        last = msg;
        part.changed(LAST_MESSAGE, NOBODY);
      }
      onMessage?.(msg);
    },
  );
  return live(part, ['lastMessage'], () => last);
}

const LAST_MESSAGE = OWN;

/** In the order of their bits. */
export const SOCKET_FIELDS: readonly SocketField[] = ['status', 'closeInfo', 'lastMessage'];

const SOCKET: PartKind<State> = {
  read,
  toFrame: encode,
  greetsPlain: false,
  createKnown: () => NOTHING,
  connections: new Map(),
  share: false,
  fields: SOCKET_FIELDS,
};

const NOBODY: ReadonlySet<string> = new Set();

/** A socket has no roster. */
const NOTHING: State = {
  take() {},
  forget() {},
  settle: () => [0, NOBODY],
  memberIds: [],
};
