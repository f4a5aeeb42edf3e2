import { page, type Environment } from '../connection/environment.js';
import { live } from '../connection/fields.js';
import { takePart, type AnyOptions, type Part, type PartKind } from '../connection/part.js';
import { acking } from './acked.js';
import { createBindings } from './member.js';
import { patching, presenceChange } from './presence.js';
import { createRoster, ROOM_FIELDS, ROSTER_FIELDS, type Roster } from './roster.js';
import type { RoomArgs, RoomHandle, RoomRef, RoomTypes } from './types.js';
import { BYE, encodeMessage, encodePresence, readFrames } from './wire.js';

/** Options with the types taken off: within, a room is of any type. */
export interface AnyRoomOptions extends AnyOptions {
  key?: object | undefined;
  presence?: unknown;
}

/**
 * Joins a room.
 *
 * ```ts
 * const cursors = joinRoom(serverRooms.cursors, {
 *   key: { boardId: 'main' },
 *   presence: { x: 0, y: 0, name: 'Me' },
 *   onMessage: (message, from) => draw(message, from),
 * });
 * const stop = cursors.subscribe(() => render(cursors.members), ['members']);
 * cursors.leave();
 * ```
 *
 * @throws TypeError without a page and without `url`, or where there is no WebSocket and none is given.
 */
export const joinRoom: <T extends RoomTypes>(
  ref: RoomRef<T>,
  ...args: RoomArgs<T>
) => RoomHandle<T> = (ref, ...[options]) => join(ref, options as AnyRoomOptions | undefined);

/** One user's part in a room: a room, and what only the hooks use of it. */
export interface Membership<T extends RoomTypes = any>
  extends Omit<Part<Roster, AnyRoomOptions>, keyof RoomHandle<T>>, RoomHandle<T> {}

export function join<T extends RoomTypes = any>(
  ref: RoomRef<any>,
  options: AnyRoomOptions = {},
  environment: Environment = page,
): Membership<T> {
  const part = takePart(ROOM, ref, options.key, options, environment, (latest, { msg, from }) =>
    latest.onMessage?.(msg, from),
  );
  const roster = (): Roster => part.shared?.known ?? NOWHERE;
  const { presence } = options;
  if (presence !== undefined) part.attempt(() => part.pin(encodePresence(presence), true));

  const setPresence = (next: unknown) => part.attempt(() => presenceChange(next)(membership));
  const membership: Membership = live(
    Object.assign(part, {
      send: acking(part),
      setPresence,
      updatePresence: (patch: object) => setPresence(patching(patch)),
      member: createBindings((id) => roster().get(id), part.observe),
    }),
    ROSTER_FIELDS,
    (field) => roster()[field],
  );
  return membership;
}

const ROOM: PartKind<Roster> = {
  read: readFrames,
  greetsPlain: true,
  bye: BYE,
  createKnown: createRoster,
  toFrame: encodeMessage,
  connections: new Map(),
  share: true,
  fields: ROOM_FIELDS,
};

/** The roster of a room that one is not in. */
const NOWHERE = /* @__PURE__ */ createRoster();
