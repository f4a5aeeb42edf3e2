import { RoomError, type RoomErrorCode } from './errors.js';
import type { Member } from './types.js';

/** The dialect that is offered. A server that does not select it speaks the plain one. */
export const SUBPROTOCOL = 'roomful.v1';

export const PING = '{"t":"ping"}';
export const BYE = '{"t":"bye"}';

/** What a server says, as far as this client uses it. */
export type ServerFrame =
  | { t: 'snapshot'; self: string; members: Member[]; heartbeat?: unknown; limits?: unknown }
  | { t: 'presence'; op: 'join' | 'update' | 'away'; from: string; state?: unknown }
  | { t: 'presence'; op: 'leave'; from: string }
  | { t: 'msg'; from: string; msg?: unknown }
  | { t: 'error'; code: string; reason: string }
  | { t: 'pong' };

export const encodeMessage = (msg: unknown): string => encode({ t: 'msg', msg }, 'bad_message');
export const encodePresence = (state: unknown): string =>
  encode({ t: 'presence', state }, 'bad_presence');

function encode(frame: object, code: RoomErrorCode): string {
  try {
    return JSON.stringify(frame);
  } catch (cause) {
    throw new RoomError(code, `not JSON: ${String(cause)}`, { cause });
  }
}

/**
 * Reads one WebSocket message: a frame, or a batch of them in order. Frames of a kind that this client
 * does not know are skipped, so that the server may learn new ones; one that is broken is given to
 * `onBad` and does not take the rest of its batch with it.
 */
export function readFrames(
  data: unknown,
  onFrame: (frame: ServerFrame) => void,
  onBad: (error: RoomError) => void,
): void {
  let parsed: unknown;
  try {
    if (typeof data !== 'string') throw new TypeError('not a text frame');
    parsed = JSON.parse(data);
  } catch (cause) {
    return onBad(new RoomError('unreadable', 'the server sent what is not JSON', { cause }));
  }
  for (const frame of Array.isArray(parsed) ? parsed : [parsed]) {
    const fit = fits(frame);
    if (fit) onFrame(frame as ServerFrame);
    else if (fit === false)
      onBad(new RoomError('unreadable', `the server sent a broken frame: ${excerpt(frame)}`));
  }
}

/** `undefined` for a frame of an unknown kind. */
function fits(frame: any): boolean | undefined {
  switch (frame?.t) {
    case 'snapshot':
      return (
        typeof frame.self === 'string' &&
        Array.isArray(frame.members) &&
        frame.members.every((member: any) => typeof member?.id === 'string')
      );
    case 'presence':
      if (!/^(join|update|away|leave)$/.test(frame.op)) return undefined;
      return typeof frame.from === 'string';
    case 'msg':
      return typeof frame.from === 'string';
    case 'error':
      return typeof frame.code === 'string';
    case 'pong':
      return true;
    default:
      return typeof frame?.t === 'string' ? undefined : false;
  }
}

const excerpt = (frame: unknown): string => JSON.stringify(frame).slice(0, 80);

/** Bytes of `text` in UTF-8, exact only when it could be over `limit`. */
export function exceeds(text: string, limit: number): boolean {
  return text.length * 3 > limit && new TextEncoder().encode(text).length > limit;
}
