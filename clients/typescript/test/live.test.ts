/** Live values. What they have in common with feeds is in `feed.test.ts`. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { watchLive } from '../src/index.js';
import { page, tasks, url } from './support/rooms.js';
import { fakeSockets } from './support/sockets.js';

let here: ReturnType<typeof page>;

beforeEach(() => {
  here = page();
});

const again = () => here.world.advance(375);
/** What the error is for, and nothing else. */
const quiet = { onError: () => {} };

it('watchLive is what the other tests test', () => {
  const { WebSocket, all } = fakeSockets();
  const live = watchLive(tasks, { key: { boardId: 'main' }, url, WebSocket });
  expect([live.value, live.error, live.status]).toEqual([undefined, undefined, 'connecting']);
  all[0]!.begin();
  all[0]!.value(['water'], 1);
  expect([live.value, live.error, live.status]).toEqual([['water'], undefined, 'open']);
  live.close();
  expect(all[0]!.closes).toEqual([[1000, '']]);
});

it('of a plain server is known, too', () => {
  const live = here.live();
  here.socket.accept('');
  here.socket.value(null);
  expect([live.value, live.status]).toEqual([null, 'open']);
});

describe('the value', () => {
  it('is kept over a loss, and is the latest after it', () => {
    const live = here.live();
    here.socket.begin();
    here.socket.value(['a'], 1);
    here.socket.end();
    expect([live.status, live.value]).toEqual(['reconnecting', ['a']]);
    again();
    expect(here.socket.protocols[1]).toBe('roomful.resume.node-token.1');
    here.socket.begin(1, true);
    expect(live.value).toEqual(['a']);
    here.socket.value(['b'], 2);
    expect(live.value).toEqual(['b']);
  });

  it('is kept where it ends for good', () => {
    const live = here.live();
    here.socket.begin();
    here.socket.value(['a'], 1);
    here.socket.end(4403, 'forbidden', true);
    expect([live.status, live.value]).toEqual(['closed', ['a']]);
    live.leave();
    expect(live.value).toEqual(['a']);
  });

  it('is that of the end for who has ended, though others go on', () => {
    const first = here.live();
    const second = here.live();
    here.socket.begin();
    here.socket.value(['a'], 1);
    second.close();
    here.socket.value(['b'], 2);
    expect([first.value, second.value]).toEqual([['b'], ['a']]);
  });

  it('that says the same is the same object, and no change', () => {
    const live = here.live();
    const listener = vi.fn();
    here.socket.begin();
    here.socket.value([{ n: 1 }], 1);
    const { value } = live;
    live.subscribe(listener, ['value']);
    here.socket.end();
    again();
    // The server has started anew.
    here.socket.begin(0, false, 'other-token');
    here.socket.value([{ n: 1 }], 1);
    expect(live.value).toBe(value);
    expect(listener).not.toHaveBeenCalled();
    here.socket.value([{ n: 2 }], 2);
    expect(listener).toHaveBeenCalledOnce();
  });

  it('is there at once for who shares the connection', () => {
    here.live();
    here.socket.begin();
    here.socket.value(['a'], 1);
    expect(here.live().value).toEqual(['a']);
    expect(here.sockets).toHaveLength(1);
  });
});

describe('initial', () => {
  it('is the value until there is one, and no change where it says the same', () => {
    const initial = ['a'];
    const live = here.live({ initial });
    const listener = vi.fn();
    live.subscribe(listener, ['value']);
    expect(live.value).toBe(initial);
    here.socket.begin();
    here.socket.value(['a'], 1);
    expect(live.value).toBe(initial);
    expect(listener).not.toHaveBeenCalled();
  });

  it('is there for all who share the connection', () => {
    const first = here.live();
    const listener = vi.fn();
    first.subscribe(listener, ['value']);
    here.live({ initial: ['a'] });
    here.socket.begin();
    expect(first.value).toEqual(['a']);
    expect(listener).toHaveBeenCalledOnce();
  });

  it('never takes the place of what the server has said', () => {
    here.live();
    here.socket.begin();
    here.socket.value(['new'], 1);
    expect(here.live({ initial: ['old'] }).value).toEqual(['new']);
  });

  it('is all that is known where nothing connects', () => {
    const live = here.live({ initial: ['a'], enabled: false });
    expect([live.value, live.status]).toEqual([['a'], 'closed']);
    expect(here.sockets).toEqual([]);
  });
});

describe('an error', () => {
  it('is there until the value can be loaded, whose last one stays', () => {
    const onError = vi.fn();
    const live = here.live({ onError });
    here.socket.begin();
    here.socket.value(['a'], 1);
    here.socket.failing();
    expect(live.error).toMatchObject({ code: 'handler_failed' });
    expect([live.value, live.status]).toEqual([['a'], 'open']);
    expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['handler_failed']);
    here.socket.value(['a'], 1);
    expect(live.error).toBeUndefined();
  });

  it('is a change, and so is its end, of `error` alone', () => {
    const [values, errors] = [vi.fn(), vi.fn()];
    const live = here.live(quiet);
    live.subscribe(values, ['value']);
    live.subscribe(errors, ['error']);
    here.socket.begin();
    here.socket.value(['a'], 1);
    expect([values.mock.calls.length, errors.mock.calls.length]).toEqual([1, 0]);
    here.socket.failing();
    here.socket.value(['a'], 1);
    expect([values.mock.calls.length, errors.mock.calls.length]).toEqual([1, 2]);
  });

  it('does not outlive the connection that told it, unless it is told again', () => {
    const live = here.live(quiet);
    here.socket.begin();
    here.socket.value(['a'], 1);
    here.socket.failing();
    here.socket.end();
    expect(live.error).toBeDefined();
    again();
    // It could be loaded meanwhile, was the same, and so is not told again.
    here.socket.begin(1, true);
    expect([live.error, live.value]).toEqual([undefined, ['a']]);
    here.socket.failing();
    expect(live.error).toBeDefined();
  });

  it('is one of loading: what else the server complains of is for onError alone', () => {
    const onError = vi.fn();
    const live = here.live({ onError });
    here.socket.begin();
    here.socket.receive({ t: 'error', code: 'bad_frame', reason: 'a client only listens here' });
    expect(live.error).toBeUndefined();
    expect(onError).toHaveBeenCalledOnce();
  });
});

describe('refresh', () => {
  it('asks anew on another connection, with what it has', () => {
    const live = here.live();
    here.socket.begin();
    here.socket.value(['a'], 1);
    live.refresh();
    expect(here.sockets).toHaveLength(2);
    expect(here.sockets[0]!.closes).toEqual([[4900, undefined]]);
    expect(here.socket.protocols[1]).toBe('roomful.resume.node-token.1');
    expect([live.status, live.value]).toEqual(['reconnecting', ['a']]);
  });

  it('has the newest value, whatever was said meanwhile', () => {
    const live = here.live();
    here.socket.begin();
    here.socket.value(['a'], 1);
    const before = here.socket;
    live.refresh();
    here.socket.begin(1, true);
    // What was on its way over the connection that was given up is older than what it is given up for.
    before.onmessage?.({ data: JSON.stringify({ t: 'value', value: ['old'], seq: 1 }) });
    here.socket.value(['b'], 2);
    expect([live.status, live.value]).toEqual(['open', ['b']]);
  });

  it('is one, however many ask, whoever began the attempt', () => {
    const [first, second] = [here.live(), here.live()];
    first.refresh();
    expect(here.sockets).toHaveLength(1);
    here.socket.begin();
    here.socket.value(['a'], 1);
    first.refresh();
    first.refresh();
    second.refresh();
    here.socket.accept();
    second.refresh();
    expect(here.sockets).toHaveLength(2);
    expect(here.socket.closes).toEqual([]);
    here.socket.receive({ t: 'feed', seq: 1, epoch: 'e1', session: 'other', resumed: true });
    expect([first.status, second.status]).toEqual(['open', 'open']);
    second.refresh();
    expect(here.sockets).toHaveLength(3);
  });

  it('gives up an attempt that has taken too long, and no other', () => {
    const live = here.live();
    here.world.advance(4_000);
    live.refresh();
    expect(here.sockets).toHaveLength(1);
    here.world.advance(1_000);
    expect(here.sockets[0]!.closes).toEqual([[4900, undefined]]);
    expect(here.sockets).toHaveLength(2);
  });

  it('shows that it still cannot be loaded, and that it can', () => {
    const live = here.live(quiet);
    here.socket.begin();
    here.socket.value(['a'], 1);
    here.socket.failing();
    live.refresh();
    expect(live.error).toBeDefined();
    here.socket.begin(1, true);
    here.socket.failing();
    expect([live.error?.code, live.value]).toEqual(['handler_failed', ['a']]);
    live.refresh();
    here.socket.begin(1, true);
    expect([live.error, live.value]).toEqual([undefined, ['a']]);
  });

  it('tries again where all retries are spent, and does nothing after close', () => {
    const live = here.live({ reconnect: { maxRetries: 0, keepTrying: false } });
    here.socket.end();
    expect(live.status).toBe('closed');
    live.refresh();
    expect([here.sockets.length, live.status]).toEqual([2, 'reconnecting']);
    live.close();
    live.refresh();
    expect(here.sockets).toHaveLength(2);
  });
});
