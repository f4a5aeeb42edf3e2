import type { WebSocketConstructor, WebSocketLike } from 'roomful';
import { Value } from './value.js';

/**
 * A network with a plug that can be pulled, to show what the page does without one. Nothing below the
 * socket is played: what the client makes of the loss is what it would make of a real one.
 */
export class Network {
  readonly plugged = new Value(true);
  readonly WebSocket: WebSocketConstructor;
  readonly #sockets = new Set<WebSocketLike>();

  constructor(Real: WebSocketConstructor = WebSocket) {
    const open = (url: string, protocols: string[]): WebSocketLike => {
      if (!this.plugged.get()) return deadSocket();
      for (const socket of this.#sockets) {
        if (socket.readyState === 3) this.#sockets.delete(socket);
      }
      const socket = new Real(url, protocols);
      this.#sockets.add(socket);
      return socket;
    };
    this.WebSocket = class {
      constructor(url: string, protocols: string[]) {
        return open(url, protocols);
      }
    } as unknown as WebSocketConstructor;
  }

  readonly unplug = (): void => {
    this.plugged.set(false);
    for (const socket of this.#sockets) {
      const { onclose } = socket;
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      // A page cannot lose a connection on purpose. So the server is told what a client says that gives one up.
      socket.close(4900);
      onclose?.(LOST);
    }
    this.#sockets.clear();
  };

  /** A browser says `online` when its network is back, and the client then retries at once. */
  readonly plug = (): void => {
    this.plugged.set(true);
    globalThis.dispatchEvent(new Event('online'));
  };
}

/** What a browser reports for a connection that was lost, or never made. */
const LOST = { code: 1006, reason: '', wasClean: false };

function deadSocket(): WebSocketLike {
  const socket: WebSocketLike = {
    readyState: 3,
    protocol: '',
    bufferedAmount: 0,
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    send() {},
    close() {},
  };
  setTimeout(() => socket.onclose?.(LOST));
  return socket;
}
