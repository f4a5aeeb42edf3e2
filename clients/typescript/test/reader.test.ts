/** What a hook does that no framework can be made to show. */
import { expect, it } from 'vitest';
import type { Manner } from '../src/hook/place.js';
import { Reader } from '../src/hook/reader.js';
import { open, SOCKET_FIELDS, type OpenedSocket } from '../src/socket/socket.js';
import { encode } from '../src/socket/wire.js';
import { chat, url } from './support/rooms.js';
import { fakeSockets } from './support/sockets.js';

const sockets = fakeSockets();
const { WebSocket } = sockets;
const manner: Manner<OpenedSocket> = {
  fields: SOCKET_FIELDS,
  empty: () => ({ status: 'connecting' }),
  enter: (ref, options) => open(ref, options),
  toFrame: encode,
  actions: () => ({}),
};

it('a hot reload, which forgets what was memoised, finds the place that the component is in', () => {
  const reader = new Reader(manner);
  const place = reader.placeAt('here', {});
  reader.follow({ url, WebSocket }, place);
  const leave = reader.join(chat, place, true);
  expect(reader.placeAt('here', {})).toBe(place);
  leave();
  expect(reader.placeAt('here', {})).toBe(place);
});

it('a render that is thrown away leaves nothing behind', () => {
  const reader = new Reader(manner);
  const place = reader.placeAt('here', {});
  reader.follow({ url, WebSocket }, place);
  reader.join(chat, place, true);
  expect(reader.placeAt('there', {})).not.toBe(place);
  expect(reader.placeAt('here', {})).toBe(place);
});

it('what comes between the render with another key and the effect that moves there is the old room’s', () => {
  const reader = new Reader(manner);
  const heard: string[] = [];
  const hears = (who: string) => ({
    url,
    WebSocket,
    onMessage: (message: unknown) => heard.push(`${who}: ${String(message)}`),
  });
  const here = reader.placeAt('here', {});
  reader.follow(hears('here'), here);
  const leave = reader.join(chat, here, true);
  sockets.last.greet();
  const there = reader.placeAt('there', {});
  reader.follow(hears('there'), there);
  sockets.last.receive('said here');
  leave();
  reader.join(chat, there, true);
  expect(heard).toEqual(['here: said here']);
});
