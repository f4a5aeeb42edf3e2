/** What a feed and a live value have in common: a client only listens. */
import { RoomError } from '../errors.js';
import {
  broken,
  isString,
  parse,
  type Frame,
  type OnBad,
  type OnFrame,
} from '../connection/wire.js';

/**
 * Reads one WebSocket message: a frame, or a batch of them in order. What is heard, an event or a value, is passed on as a
 * message. Frames of a kind that this client does not know are passed on, for the receiver to skip.
 */
export function readHeard(data: unknown, _: unknown, onFrame: OnFrame, onBad: OnBad): void {
  const parsed = parse(data, onBad);
  if (parsed === undefined) return;
  for (const frame of Array.isArray(parsed) ? parsed : [parsed]) {
    const kind = frame?.t;
    const isHeard = kind === 'event' || kind === 'value';
    const isSound = isHeard ? kind in frame : isString(kind === 'error' ? frame.code : kind);
    if (!isSound) onBad(broken());
    else if (isHeard) onFrame({ t: 'msg', msg: frame[kind], seq: frame.seq });
    else if (kind !== 'msg') onFrame(frame as Frame);
  }
}

/** @throws RoomError `bad_message`. */
export function refuse(): never {
  throw new RoomError('bad_message', 'here is nothing to send: a client only listens');
}

export const NOBODY: ReadonlySet<string> = new Set();
