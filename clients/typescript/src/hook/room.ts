import { room } from '../ref.js';
import { createBindings } from '../room/member.js';
import { join, type AnyRoomOptions, type Membership } from '../room/room.js';
import { patching, presenceChange } from '../room/presence.js';
import { NOBODY, ROOM_FIELDS } from '../room/roster.js';
import { acking } from '../room/acked.js';
import { encodeMessage, encodePresence } from '../room/wire.js';
import type {
  HookRef,
  Member,
  MemberBinding,
  Room,
  RoomArgs,
  RoomField,
  RoomRef,
  RoomTypes,
} from '../room/types.js';
import { Reader, useReader, type Framework } from './reader.js';

export type UseRoom = <T extends RoomTypes>(ref: RoomRef<T>, ...args: RoomArgs<T>) => Room<T>;
export type UseMember = <P, I>(binding: MemberBinding<P, I>) => Member<P, I> | undefined;
export type MakeRoom = <T extends RoomTypes>(module: string, name: string) => HookRef<T>;

export const roomHook =
  (framework: Framework): UseRoom =>
  (ref, ...args) => {
    const options = (args[0] as AnyRoomOptions | undefined) ?? {};
    const { key, share = true } = options;
    return useReader(framework, roomReader, ref, key, options, share, ROOM_FIELDS) as Room<any>;
  };

export const memberHook =
  ({ useStore }: Framework): UseMember =>
  (binding) =>
    useStore(binding.subscribe, binding.get, nobody);

export const roomMaker =
  (useRoom: UseRoom): MakeRoom =>
  <T extends RoomTypes>(module: string, name: string) => {
    const ref = room<T>(module, name);
    // The same object, which may be given its own way to read.
    return Object.assign(ref, { useRoom: (...args: RoomArgs<T>) => useRoom<T>(ref, ...args) });
  };

const nobody = (): undefined => undefined;

const EMPTY: Partial<Record<RoomField, unknown>> = {
  status: 'connecting',
  members: NOBODY,
  memberIds: NOBODY,
  others: NOBODY,
};

/** A component's room, which also gives the component's rows their members. */
function roomReader(): Reader<Membership> {
  const reader: Reader<Membership> = new Reader<Membership>({
    fields: ROOM_FIELDS,
    empty: () => EMPTY,
    enter: (ref, options) => join(ref, { ...options, presence: undefined } as AnyRoomOptions),
    toFrame: encodeMessage,
    first: ({ presence }: AnyRoomOptions) =>
      presence === undefined ? undefined : encodePresence(presence),
    change: presenceChange,
    actions: (place) => ({
      send: acking(place),
      reconnect: place.reconnect,
      setPresence: (next: unknown) => place.present(next),
      updatePresence: (patch: object) => place.present(patching(patch)),
      member,
    }),
  });
  const member = createBindings((id) => reader.shown?.shared?.known.get(id), reader.observe);
  return reader;
}
