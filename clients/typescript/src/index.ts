export { RoomError, type RoomErrorCode } from './errors.js';
export { feed, live, room, socket } from './ref.js';
export { openFeed } from './feed/feed.js';
export { watchLive } from './live/live.js';
export { joinRoom } from './room/room.js';
export { usersOf } from './room/users.js';
export { openSocket } from './socket/socket.js';
export { connectionOf, onLost } from './connection/health.js';
export type {
  Binding,
  CloseInfo,
  ConnectionInfo,
  ConnectionStatus,
  Credentials,
  ReconnectOptions,
  WebSocketConstructor,
  WebSocketLike,
} from './connection/types.js';
export type {
  HookRef,
  Member,
  MemberBinding,
  PresencePatch,
  PresenceSetting,
  Room,
  RoomArgs,
  RoomField,
  RoomHandle,
  RoomOptions,
  RoomRef,
  RoomStatus,
  RoomTypes,
  Send,
  User,
} from './room/types.js';
export type {
  Socket,
  SocketArgs,
  SocketField,
  SocketHandle,
  SocketHookRef,
  SocketOptions,
  SocketRef,
  SocketStatus,
  SocketTypes,
} from './socket/types.js';
export type {
  Feed,
  FeedArgs,
  FeedField,
  FeedHandle,
  FeedHookRef,
  FeedOptions,
  FeedRef,
  FeedStatus,
  FeedTypes,
  ReducedFeed,
  ReducedFeedHandle,
  ReducedFeedOptions,
} from './feed/types.js';
export type {
  BegunLiveOptions,
  Live,
  LiveArgs,
  LiveField,
  LiveHandle,
  LiveHookRef,
  LiveOptions,
  LiveRef,
  LiveStatus,
  LiveTypes,
} from './live/types.js';
