export { RoomError, type RoomErrorCode } from './errors.js';
export { room } from './ref.js';
export { joinRoom } from './room.js';
export type {
  CloseInfo,
  HookRef,
  Member,
  MemberBinding,
  ReconnectOptions,
  Room,
  RoomArgs,
  RoomField,
  RoomHandle,
  RoomOptions,
  RoomRef,
  RoomStatus,
  RoomTypes,
  WebSocketConstructor,
  WebSocketLike,
} from './types.js';
