// As `rooms.typescript()` writes it, without the types.
import { room } from 'roomful/react';

export const serverRooms = {
  chat: room('team', 'chat'),
};
