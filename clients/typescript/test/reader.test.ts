/** What a hook does that no framework can be made to show. */
import { expect, it } from 'vitest';
import type { Manner } from '../src/hook/place.js';
import { Reader } from '../src/hook/reader.js';
import { open, SOCKET_FIELDS, type OpenedSocket } from '../src/socket/socket.js';
import { encode } from '../src/socket/wire.js';
import { chat, url } from './support/rooms.js';
import { fakeSockets } from './support/sockets.js';

const { WebSocket } = fakeSockets();
const manner: Manner<OpenedSocket> = {
  fields: SOCKET_FIELDS,
  empty: { status: 'connecting' },
  enter: (ref, options) => open(ref, options),
  encode,
};

it('a hot reload, which forgets what was memoised, finds the place that the component is in', () => {
  const reader = new Reader(manner);
  reader.follow({ url, WebSocket });
  const place = reader.placeAt('here');
  const leave = reader.join(chat, place, true);
  expect(reader.placeAt('here')).toBe(place);
  leave();
  expect(reader.placeAt('here')).toBe(place);
});

it('a render that is thrown away leaves nothing behind', () => {
  const reader = new Reader(manner);
  reader.follow({ url, WebSocket });
  const place = reader.placeAt('here');
  reader.join(chat, place, true);
  expect(reader.placeAt('there')).not.toBe(place);
  expect(reader.placeAt('here')).toBe(place);
});
