// A relay on Socket.IO: an event `m` goes to everybody else in the room that the connection's query names.
//
//   node socketio.mjs [redis|streams URL]    one of several nodes, with that adapter over Redis

import { createServer } from 'node:http';
import { createAdapter as overPubSub } from '@socket.io/redis-adapter';
import { createAdapter as overStreams } from '@socket.io/redis-streams-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';

const server = createServer();
const io = new Server(server, {
  transports: ['websocket'],
  perMessageDeflate: false,
  adapter: await adapter(...process.argv.slice(2)),
});

io.on('connection', (socket) => {
  const room = String(socket.handshake.query.room ?? '');
  socket.join(room);
  socket.on('m', (message) => socket.to(room).emit('m', message));
});

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

async function adapter(kind, url) {
  if (kind === undefined) return undefined;
  const client = await createClient({ url }).connect();
  if (kind === 'streams') return overStreams(client);
  return overPubSub(client, await client.duplicate().connect());
}
