import { RoomError } from '../errors.js';
import {
  broken,
  isString,
  parse,
  stringify,
  type OnBad,
  type OnFrame,
} from '../connection/wire.js';

/** The first characters of a frame about a v1 connection: what begins so is never a message. */
const FRAME = /^{"t":/;

/**
 * A message as it goes over the wire: its JSON, kept from looking like a frame by one space. To a plain
 * server the space means nothing, so it does not matter that a message may be queued before it is known
 * which dialect is spoken.
 *
 * @throws RoomError `bad_message` for what JSON cannot say.
 */
export function encode(message: unknown): string {
  const json: string | undefined = stringify(message, 'bad_message');
  if (json === undefined) throw new RoomError('bad_message', `JSON cannot say ${String(message)}`);
  return FRAME.test(json) ? ' ' + json : json;
}

/**
 * Reads one WebSocket message, a message of the server's as a frame that holds it. Frames of a kind that this
 * client does not know are passed on, for the receiver to skip, so that the server may learn new ones.
 */
export function read(data: unknown, v1: boolean, onFrame: OnFrame, onBad: OnBad): void {
  const parsed: any = parse(data, onBad);
  if (parsed === undefined) return;
  if (!v1 || !FRAME.test(data as string)) return onFrame({ t: 'msg', msg: parsed });
  if (parsed.t === 'msg') return;
  const isSound = isString(parsed.t) && (parsed.t !== 'error' || isString(parsed.code));
  if (isSound) onFrame(parsed);
  else onBad(broken());
}
