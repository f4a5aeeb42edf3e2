// A relay on Bun's native topics, which are uWebSockets': a text message goes to everybody else in the room.

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request, server) {
    const room = new URL(request.url).searchParams.get('room') ?? '';
    if (server.upgrade(request, { data: { room } })) return undefined;
    return new Response('this is a WebSocket', { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    // As much as the other peers may hold for one that is behind.
    backpressureLimit: 16 << 20,
    open(socket) {
      socket.subscribe(socket.data.room);
    },
    message(socket, message) {
      // To all subscribers but this socket.
      if (typeof message === 'string') socket.publish(socket.data.room, message);
    },
  },
});

console.log(`listening on http://127.0.0.1:${server.port}`);
