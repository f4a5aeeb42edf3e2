/**
 * Bigints, for the generated `rooms.gen.ts`: on the wire each is a string of its digits, and nothing there tells it
 * from another string. So the file says where they are in what comes. Apps without any import nothing of this.
 */
import { writeBigints } from './bigint/json.js';
import { revive, type Plan, type Plans } from './bigint/revive.js';
import type { Ref } from './connection/types.js';
import type { Frame, OnBad, OnFrame } from './connection/wire.js';
import { RoomError } from './errors.js';
import { readHeard } from './feed/wire.js';
import { readFrames, type RosterFrame } from './room/wire.js';
import { read as readSocket } from './socket/wire.js';

export type { Plan, Plans } from './bigint/revive.js';

/** Of what a client reads in a room. */
export interface RoomPlans {
  readonly outgoing?: Plan;
  readonly presence?: Plan;
  readonly info?: Plan;
}

/** Of what a client reads on a socket. */
export interface SocketPlans {
  readonly outgoing?: Plan;
}

/** Of what a client hears of a feed. */
export interface FeedPlans {
  readonly event?: Plan;
}

/** Of a live value. */
export interface LivePlans {
  readonly value?: Plan;
}

/**
 * Has the messages, states and infos of this room read with their bigints. What has something else in the place of one
 * goes to `onError`, code `unreadable`: a message is dropped, an update leaves the member as it was, and a member that
 * comes has no state, or no info. Returns the reference.
 */
export function roomBigints<R extends Ref<any>>(ref: R, types: Plans, plans: RoomPlans): R {
  return reading(ref, (data, v1, onFrame, onBad) => {
    const read = reader(types, onBad);
    readFrames(
      data,
      v1,
      (frame) => {
        if (readRoomFrame(frame as unknown as RosterFrame, plans, read)) onFrame(frame);
      },
      onBad,
    );
  });
}

/** Has the messages of this socket read with their bigints; one that cannot be read goes to `onError`. */
export function socketBigints<R extends Ref<any>>(ref: R, types: Plans, plans: SocketPlans): R {
  return reading(ref, (data, v1, onFrame, onBad) => {
    const read = reader(types, onBad);
    readSocket(
      data,
      v1,
      (frame) => {
        if (frame.t !== 'msg' || read(frame, 'msg', plans.outgoing)) onFrame(frame);
      },
      onBad,
    );
  });
}

/** Has the events of this feed read with their bigints; one that cannot be read goes to `onError`. */
export function feedBigints<R extends Ref<any>>(ref: R, types: Plans, { event }: FeedPlans): R {
  return reading(ref, heardWith(types, event));
}

/** Has this live value read with its bigints; one that cannot be read goes to `onError`, and the last one stays. */
export function liveBigints<R extends Ref<any>>(ref: R, types: Plans, { value }: LivePlans): R {
  return reading(ref, heardWith(types, value));
}

const heardWith =
  (types: Plans, plan: Plan | undefined): ReadMessage =>
  (data, v1, onFrame, onBad) => {
    const read = reader(types, onBad);
    const onHeard = (frame: Frame): void => {
      if (frame.t !== 'msg' || read(frame, 'msg', plan)) onFrame(frame);
    };
    readHeard(data, v1, onHeard, onBad);
  };

type ReadMessage = (data: unknown, v1: boolean, onFrame: OnFrame, onBad: OnBad) => void;

/** In place, because hooks hold on to the reference that they were made with. */
function reading<R extends Ref<any>>(ref: R, read: ReadMessage): R {
  writeBigints();
  return Object.assign(ref, { read });
}

/** Whether there is something to be told of it. */
function readRoomFrame(
  frame: RosterFrame | { t: 'msg' },
  { outgoing, presence, info }: RoomPlans,
  read: Reader,
): boolean {
  switch (frame.t) {
    case 'msg':
      return read(frame, 'msg', outgoing);
    case 'snapshot':
      for (const member of frame.members) {
        read(member, 'state', presence);
        read(member, 'info', info);
      }
      return true;
    case 'updates':
      frame.of = frame.of.filter((entry) => read(entry, 1, presence));
      return true;
    case 'presence': {
      const isRead = read(frame, 'state', presence);
      return (read(frame, 'info', info) && isRead) || frame.op !== 'update';
    }
    default:
      return true;
  }
}

/** Makes the bigints of a property. Where that cannot be, it takes the property away, and is false. */
type Reader = (of: object, key: string | number, plan: Plan | undefined) => boolean;

const reader =
  (types: Plans, onBad: OnBad): Reader =>
  (of: any, key, plan) => {
    try {
      if (plan && key in of) of[key] = revive(types, plan, of[key]);
      return true;
    } catch (cause) {
      delete of[key];
      onBad(new RoomError('unreadable', `a bigint cannot be read: ${cause}`, { cause }));
      return false;
    }
  };
