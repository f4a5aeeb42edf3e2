/** What proves who this is: how it goes to the server, and when it is asked for. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { CloseInfo, RoomError } from '../src/index.js';
import { microtasks, page } from './support/rooms.js';

let here: ReturnType<typeof page>;

beforeEach(() => {
  here = page();
});

/** What the last connection offers beside the dialect, decoded. */
const offered = (): string[] =>
  here.socket.protocols.slice(1).map((protocol) => {
    const [, encoded] = /^roomful\.auth\.([A-Za-z0-9_-]*)$/.exec(protocol)!;
    return Buffer.from(encoded!, 'base64url').toString();
  });

/** What would otherwise be asked for at once is asked for now. */
const soon = async (): Promise<void> => {
  await microtasks();
  here.world.advance(1_000);
  await microtasks();
};

/** A source that a test answers when it likes. */
function source() {
  const asked: { answer: (credentials?: string) => void; fail: (cause: unknown) => void }[] = [];
  const credentials = () =>
    new Promise<string | undefined>((answer, fail) => void asked.push({ answer, fail }));
  return { asked, credentials };
}

describe('a value', () => {
  it.each(['token', 'ok:500:ann', 'ü 😀 "\\\0', 'ÿ?>', 'a', 'ab', 'abc', 'x'.repeat(8192)])(
    'is offered beside the dialect (%#)',
    (credentials) => {
      for (const enter of [here.join, here.open]) {
        enter({ credentials, share: false });
        expect(here.socket.protocols[0]).toBe('roomful.v1');
        expect(offered()).toEqual([credentials]);
      }
    },
  );

  it('is in no address, and what is none is not offered', () => {
    here.join({ credentials: 'token', share: false });
    expect(here.socket.url).toBe(
      'ws://roomful.test/__sockets?m=board&s=cursors&r=%7B%22boardId%22%3A%22main%22%7D',
    );
    for (const credentials of ['', undefined, null as unknown as undefined]) {
      here.join({ credentials, share: false });
      expect(here.socket.protocols).toEqual(['roomful.v1']);
    }
  });

  it('has the half of a surrogate replaced, which is no text', () => {
    here.join({ credentials: 'a\ud800b' });
    expect(offered()).toEqual(['a\ufffdb']);
  });
});

describe('a function', () => {
  it('is asked anew at each attempt', async () => {
    let count = 0;
    const room = here.join({ credentials: () => `token ${++count}` });
    await microtasks();
    expect(offered()).toEqual(['token 1']);
    here.socket.welcome();
    here.socket.end();
    await soon();
    expect(offered()).toEqual(['token 2']);
    here.socket.end();
    await soon();
    expect(offered()).toEqual(['token 3']);
    here.socket.welcome();
    expect([room.status, count]).toEqual(['open', 3]);
  });

  it('is waited for', async () => {
    const { asked, credentials } = source();
    const room = here.join({ credentials });
    await microtasks();
    expect([room.status, here.sockets.length]).toEqual(['connecting', 0]);
    asked[0]!.answer('late');
    await microtasks();
    expect(offered()).toEqual(['late']);
  });

  it('may have none', async () => {
    here.join({ credentials: async () => undefined });
    await microtasks();
    expect(here.socket.protocols).toEqual(['roomful.v1']);
  });

  it.each<[string, (cause: Error) => Promise<string>]>([
    ['rejects', (cause) => Promise.reject(cause)],
    [
      'throws',
      (cause) => {
        throw cause;
      },
    ],
  ])('that %s has failed the attempt, and is asked again', async (_, fail) => {
    const cause = new Error('no session at /token?secret');
    const [onError, onClose] = [vi.fn<(error: RoomError) => void>(), vi.fn()];
    let works = false;
    const credentials = () => (works ? 'token' : fail(cause));
    const room = here.join({ credentials, onError, onClose });
    await microtasks();
    expect(onError.mock.calls.map(([{ code, message }]) => [code, message])).toEqual([
      ['credentials_failed', 'ws://roomful.test/__sockets: Error: no session at /token'],
    ]);
    const reason = 'Error: no session at /token';
    const info: CloseInfo = { code: 1006, reason, wasClean: false };
    expect(onClose.mock.calls).toEqual([[info]]);
    expect([room.status, here.sockets.length]).toEqual(['reconnecting', 0]);
    works = true;
    await soon();
    expect(offered()).toEqual(['token']);
  });

  it('that fails each time is as a server that is away: after maxRetries it is closed, and tried further', async () => {
    const credentials = vi.fn(() => Promise.reject(new Error('no session')));
    const room = here.join({ credentials, onError: vi.fn(), reconnect: { maxRetries: 2 } });
    for (let attempt = 0; attempt < 3; attempt++) await soon();
    expect([room.status, credentials.mock.calls.length]).toEqual(['closed', 3]);
    here.world.advance(45_000);
    expect(credentials).toHaveBeenCalledTimes(4);
  });

  it('that hangs has failed the attempt after 20 s, and what it still says is of no interest', async () => {
    const { asked, credentials } = source();
    const onClose = vi.fn();
    const room = here.join({ credentials, onClose });
    here.world.advance(19_999);
    expect(onClose).not.toHaveBeenCalled();
    here.world.advance(1);
    expect(onClose.mock.calls).toEqual([[{ code: 1006, reason: 'no answer', wasClean: false }]]);
    await soon();
    expect(asked).toHaveLength(2);
    asked[0]!.answer('stale');
    await microtasks();
    expect(here.sockets).toHaveLength(0);
    asked[1]!.answer('fresh');
    await microtasks();
    expect(offered()).toEqual(['fresh']);
    here.socket.welcome();
    expect(room.status).toBe('open');
    expect(here.sockets).toHaveLength(1);
  });

  it.each(['answer', 'fail'] as const)(
    'is not heard any more once the room is left: %s',
    async (how) => {
      for (const leave of ['leave', 'close'] as const) {
        const { asked, credentials } = source();
        const [onError, onClose] = [vi.fn(), vi.fn()];
        const room = here.join({ credentials, onError, onClose });
        room[leave]();
        asked[0]![how]('token');
        await soon();
        expect([here.sockets.length, room.status]).toEqual([0, 'closed']);
        expect(onError).not.toHaveBeenCalled();
        expect(onClose).toHaveBeenCalledTimes(leave === 'close' ? 1 : 0);
      }
    },
  );

  it('may close the room, which then is closed', async () => {
    const room = here.join({
      credentials: async () => {
        await Promise.resolve();
        room.close();
        return 'token';
      },
    });
    await soon();
    expect([room.status, here.sockets.length]).toEqual(['closed', 0]);
  });
});

describe('4401', () => {
  const expire = () => here.socket.end(4401, 'credentials expired', true);

  it('is a reason to come back with new ones, for who has a function', async () => {
    for (const enter of [here.join, here.open]) {
      let count = 0;
      const part = enter({ credentials: async () => `token ${++count}`, share: false });
      await microtasks();
      here.socket.accept();
      expire();
      expect(part.status).toBe('reconnecting');
      await soon();
      expect(offered()).toEqual(['token 2']);
    }
  });

  it.each([undefined, 'token'])('is the end for who has %j', async (credentials) => {
    const room = here.join({ credentials });
    here.socket.welcome();
    expire();
    await soon();
    expect([room.status, room.closeInfo?.code, here.sockets.length]).toEqual(['closed', 4401, 1]);
  });

  it('is what shouldReconnect says, where there is one', async () => {
    const room = here.join({ credentials: () => 'token', shouldReconnect: () => false });
    await microtasks();
    here.socket.welcome();
    expire();
    expect(room.status).toBe('closed');
    const other = here.join({ credentials: 'token', shouldReconnect: () => true, share: false });
    expire();
    expect(other.status).toBe('reconnecting');
  });

  it('does not make other denials one', async () => {
    const room = here.join({ credentials: () => 'token' });
    await microtasks();
    here.socket.end(4403, 'forbidden', true);
    expect(room.status).toBe('closed');
  });
});

describe('of a shared connection', () => {
  it('are those of the first to come, whether it stays or not', async () => {
    const first = here.join({ credentials: 'first' });
    here.join({ credentials: () => 'second' });
    expect([here.sockets.length, offered()]).toEqual([1, ['first']]);
    first.leave();
    here.socket.end();
    await soon();
    expect([here.sockets.length, offered()]).toEqual([2, ['first']]);
    here.join({ credentials: 'third', share: false });
    expect([here.sockets.length, offered()]).toEqual([3, ['third']]);
  });
});

describe('asked for while it is open', () => {
  const ask = async () => {
    here.socket.receive({ t: 'auth' });
    await microtasks();
  };
  const sent = (credentials: string) => ({ t: 'auth', credentials });

  it.each(['room', 'socket'])('are sent, in a %s', async (kind) => {
    let count = 0;
    const credentials = async () => `token ${++count}`;
    if (kind === 'room') here.join({ credentials });
    else here.open({ credentials });
    await microtasks();
    if (kind === 'room') here.socket.welcome();
    else here.socket.greet();
    await ask();
    await ask();
    expect(here.socket.frames).toEqual([sent('token 2'), sent('token 3')]);
  });

  it('are the value, where they are one, and nothing where there are none', async () => {
    here.join({ credentials: 'a\ud800"' });
    here.socket.welcome();
    await ask();
    expect(here.socket.frames).toEqual([sent('a\ufffd"')]);
    for (const credentials of [undefined, async () => undefined]) {
      here.join({ credentials, share: false });
      await microtasks();
      here.socket.welcome();
      await ask();
      expect(here.socket.frames).toEqual([]);
    }
  });

  it('of a function that fails the app is told, and the connection goes on', async () => {
    const onError = vi.fn<(error: RoomError) => void>();
    let works = true;
    const credentials = () => (works ? 'token' : Promise.reject(new Error('no session')));
    const room = here.join({ credentials, onError });
    await microtasks();
    here.socket.welcome();
    works = false;
    await ask();
    expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['credentials_failed']);
    expect([room.status, here.socket.frames]).toEqual(['open', []]);
  });

  it('are not sent over another connection than the one that asked', async () => {
    const { asked, credentials } = source();
    here.join({ credentials });
    asked[0]!.answer('one');
    await microtasks();
    here.socket.welcome();
    await ask();
    here.socket.end();
    await soon();
    asked[2]!.answer('three');
    await microtasks();
    here.socket.welcome();
    asked[1]!.answer('two');
    await microtasks();
    expect([offered(), here.socket.frames]).toEqual([['three'], []]);
  });
});
