/**
 * What can go wrong in a room or on a socket.
 *
 * From the server (docs/protocol.md, error codes): `bad_frame`, `bad_message`, `bad_presence`, `rate_limited`,
 * `too_large`, `handler_failed`, `denied`. From this client: `too_large` and `closed` before anything was
 * sent, `lost` (nobody knows whether the server has handled it), `queue_full`, `unreadable` (the server's frame could not be read), `callback_failed` (yours threw;
 * see `cause`), `credentials_failed` (your function threw), `connect_failed` (the WebSocket could not be made; without the address's query, which may hold
 * credentials).
 */
export type RoomErrorCode =
  | 'bad_frame'
  | 'bad_message'
  | 'bad_presence'
  | 'rate_limited'
  | 'too_large'
  | 'handler_failed'
  | 'denied'
  | 'closed'
  | 'lost'
  | 'queue_full'
  | 'unreadable'
  | 'callback_failed'
  | 'connect_failed'
  | 'credentials_failed'
  | (string & {});

export class RoomError extends Error {
  declare readonly code: RoomErrorCode;
  override readonly name = 'RoomError';

  constructor(code: RoomErrorCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}
