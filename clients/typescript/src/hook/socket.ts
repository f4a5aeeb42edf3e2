import { socket } from '../ref.js';
import { open, SOCKET_FIELDS, type AnySocketOptions, type OpenedSocket } from '../socket/socket.js';
import type { Socket, SocketArgs, SocketHookRef, SocketRef, SocketTypes } from '../socket/types.js';
import { encode } from '../socket/wire.js';
import { Reader, useReader, type Framework } from './reader.js';

export type UseSocket = <T extends SocketTypes, L extends boolean = false>(
  ref: SocketRef<T>,
  ...args: SocketArgs<T, L>
) => Socket<T, L>;
export type MakeSocket = <T extends SocketTypes>(module: string, name: string) => SocketHookRef<T>;

export const socketHook =
  (framework: Framework): UseSocket =>
  (ref, ...args) => {
    const options = (args[0] as AnySocketOptions | undefined) ?? {};
    const { params, share = false, lastMessage } = options;
    const fields = lastMessage ? SOCKET_FIELDS : WITHOUT_MESSAGE;
    return useReader(framework, socketReader, ref, params, options, share, fields) as any;
  };

export const socketMaker =
  (useSocket: UseSocket): MakeSocket =>
  <T extends SocketTypes>(module: string, name: string) => {
    const ref = socket<T>(module, name);
    return Object.assign(ref, {
      useSocket: <L extends boolean>(...args: SocketArgs<T, L>) => useSocket<T, L>(ref, ...args),
    });
  };

const WITHOUT_MESSAGE = ['status', 'closeInfo'];

const socketReader = (): Reader<OpenedSocket> =>
  new Reader({
    fields: SOCKET_FIELDS,
    empty: () => ({ status: 'connecting' }),
    enter: (ref, options) => open(ref, options),
    toFrame: encode,
    actions: ({ send, reconnect }) => ({ send, reconnect }),
  });
