// A program on Node: no page, no framework.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { joinRoom, room } from 'roomful';
import WebSocket, { WebSocketServer } from 'ws';

/** As much of a server as it takes: a room with one member, who hears itself. docs/protocol.md has the frames. */
async function serve() {
  const server = new WebSocketServer({ port: 0, handleProtocols: () => 'roomful.v1' });
  server.on('connection', (socket) => {
    const say = (frame) => socket.send(JSON.stringify(frame));
    const members = [{ id: 'me', n: 0 }];
    const limits = { frame: 65_536 };
    say({ t: 'snapshot', self: 'me', members, seq: 0, epoch: 'e', heartbeat: 25_000, limits });
    socket.on('message', (data) => {
      const { t, msg, id } = JSON.parse(data);
      if (t !== 'msg') return;
      say({ from: 'me', t: 'msg', msg, seq: 1 });
      say({ t: 'ack', id });
    });
  });
  await once(server, 'listening');
  return server;
}

test('a program joins a room, speaks, hears, and ends', async () => {
  const server = await serve();
  const heard = [];
  const chat = joinRoom(room('team', 'chat'), {
    url: `http://127.0.0.1:${server.address().port}`,
    key: { roomId: 'main' },
    onMessage: (text, from) => heard.push([text, from]),
    // Node has one of its own from 22 on.
    ...(globalThis.WebSocket ? {} : { WebSocket }),
  });
  await chat.send.acked('hello');
  assert.deepEqual(heard, [['hello', 'me']]);
  assert.equal(chat.status, 'open');
  assert.deepEqual(
    chat.members.map(({ id }) => id),
    ['me'],
  );
  chat.leave();
  // Nothing of the client keeps the process running: this test ends when the server has.
  for (const socket of server.clients) socket.terminate();
  server.close();
  await once(server, 'close');
});
