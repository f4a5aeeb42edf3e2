// One Durable Object with sockets, as small as one can be. It answers with the name of its instance.
import { DurableObject } from 'cloudflare:workers';

export class RoomObject extends DurableObject {
  #instance = crypto.randomUUID();

  async fetch(request) {
    if (request.headers.has('upgrade')) {
      const [client, server] = Object.values(new WebSocketPair());
      this.ctx.acceptWebSocket(server);
      return new Response(null, { status: 101, webSocket: client });
    }
    if (request.url.endsWith('/say')) {
      for (const socket of this.ctx.getWebSockets()) socket.send(this.#instance);
    }
    return new Response(this.#instance);
  }
}

/** The other class that `wrangler.jsonc` binds. */
export class DirectoryObject extends DurableObject {}

export default {
  fetch(request, env) {
    if (request.url.endsWith('/env')) return Response.json(env);
    return env.ROOMS.get(env.ROOMS.idFromName('one')).fetch(request);
  },
};
