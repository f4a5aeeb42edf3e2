import { room } from '../ref.js';
import { createBindings } from '../room/member.js';
import { join, type AnyRoomOptions, type Membership } from '../room/room.js';
import { NOBODY, ROOM_FIELDS } from '../room/roster.js';
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
export type UseMember = <P>(binding: MemberBinding<P>) => Member<P> | undefined;
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
    return { ...ref, useRoom: (...args: RoomArgs<T>) => useRoom<T>(ref, ...args) };
  };

const nobody = (): undefined => undefined;

const EMPTY: Partial<Record<RoomField, unknown>> = {
  status: 'connecting',
  members: NOBODY,
  memberIds: NOBODY,
  others: NOBODY,
};

/** A component's room. It also remembers the presence that the component has set, and gives its rows their members. */
function roomReader(): Reader<Membership> {
  /** The last presence set, and where; nowhere yet, if it was between rooms. */
  let last: { address: string | undefined; state: unknown } | undefined;
  const bindings = createBindings((id) => reader.target?.connection?.state.get(id));
  const reader: Reader<Membership> = new Reader({
    fields: ROOM_FIELDS,
    empty: EMPTY,
    enter(ref, options: AnyRoomOptions, address) {
      if (last) last.address ??= address;
      // A component that comes back to its room brings what it last set there, not what it began with.
      const presence = last?.address === address ? last.state : options.presence;
      return join(ref, { ...options, presence });
    },
    touched: (ids) => bindings.notify(ids, (listener) => listener()),
    more: {
      setPresence(state: unknown) {
        last = { address: reader.address, state };
        reader.target?.setPresence(state as never);
      },
      member: (id: string) => bindings.of(id),
    },
  });
  return reader;
}
