import { RoomError } from './errors.js';
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

/** A `body` whose value is `undefined` has no key on the wire. */
export function encode(t: 'msg' | 'presence', body: { msg: unknown } | { state: unknown }): string {
  try {
    return JSON.stringify({ t, ...body });
  } catch (cause) {
    throw new RoomError(t === 'msg' ? 'bad_message' : 'bad_presence', `${cause}`, { cause });
  }
}

/**
 * Reads one WebSocket message: a frame, or a batch of them in order. Frames of a kind that this client
 * does not know are passed on, for the receiver to skip, so that the server may learn new ones; one that
 * is broken is given to `onBad` and does not take the rest of its batch with it.
 */
export function readFrames(
  data: unknown,
  onFrame: (frame: ServerFrame) => void,
  onBad: (error: RoomError) => void,
): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(data as string);
  } catch (cause) {
    return onBad(new RoomError('unreadable', 'the server sent no JSON', { cause }));
  }
  for (const frame of Array.isArray(parsed) ? parsed : [parsed]) {
    if (isSound(frame)) onFrame(frame as ServerFrame);
    else onBad(new RoomError('unreadable', 'broken frame: ' + JSON.stringify(frame).slice(0, 80)));
  }
}

/** Whether a frame has what its kind must have. One of an unknown kind has, whatever it holds. */
function isSound(frame: any): boolean {
  switch (frame?.t) {
    case 'snapshot':
      return (
        isString(frame.self) &&
        Array.isArray(frame.members) &&
        frame.members.every((member: any) => isString(member?.id))
      );
    case 'presence':
    case 'msg':
      return isString(frame.from);
    case 'error':
      return isString(frame.code);
    default:
      return isString(frame?.t);
  }
}

const isString = (value: unknown): boolean => typeof value === 'string';

/** Bytes of `text` in UTF-8, exact only when it could be over `limit`. */
export function exceeds(text: string, limit: number): boolean {
  return text.length * 3 > limit && new TextEncoder().encode(text).length > limit;
}
