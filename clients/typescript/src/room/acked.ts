import type { Part } from '../connection/part.js';
import type { Send } from './types.js';
import { encodeMessage } from './wire.js';

/** Gives `send` its `acked`. What is refused before it is sent rejects, too. */
export const acking = (part: Pick<Part, 'send' | 'relay'>): Send<unknown> =>
  Object.assign(part.send, {
    acked: (message: unknown) =>
      new Promise<void>((resolve, reject) =>
        part.relay(encodeMessage(message), (error) => (error ? reject(error) : resolve())),
      ),
  });
