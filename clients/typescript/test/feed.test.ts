/** Feeds, and that they stand on the connection that rooms stand on. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { connectionOf, openFeed } from '../src/index.js';
import { activity, page, refusal, url } from './support/rooms.js';
import { fakeSockets } from './support/sockets.js';

let here: ReturnType<typeof page>;

beforeEach(() => {
  here = page();
});

/** The next attempt is made, in the middle of its delay. */
const again = () => here.world.advance(375);

it('openFeed is what the other tests test', () => {
  const { WebSocket, all } = fakeSockets();
  const onEvent = vi.fn();
  const feed = openFeed(activity, { key: { boardId: 'main' }, url, WebSocket, onEvent });
  all[0]!.begin();
  all[0]!.event('saved', 1);
  expect(onEvent).toHaveBeenCalledExactlyOnceWith('saved');
  expect(feed.status).toBe('open');
  feed.close();
  expect(all[0]!.closes).toEqual([[1000, '']]);
});

it('is asked for as a room is, with its credentials', async () => {
  here.feed({ credentials: 'secret' });
  expect(here.socket.url).toBe(
    'ws://roomful.test/__sockets?m=board&s=activity&r=%7B%22boardId%22%3A%22main%22%7D',
  );
  expect(here.socket.protocols).toEqual(['roomful.v1', 'roomful.auth.c2VjcmV0']);
});

describe('events', () => {
  it('are told in order, alone or several in one message', () => {
    const onEvent = vi.fn();
    here.feed({ onEvent });
    here.socket.begin();
    here.socket.event(null, 1);
    here.socket.receive([
      { t: 'event', event: [2], seq: 2 },
      { t: 'event', event: { t: 'msg' }, seq: 3 },
    ]);
    expect(onEvent.mock.calls).toEqual([[null], [[2]], [{ t: 'msg' }]]);
  });

  it('of a plain server, which greets with nothing and numbers nothing, are told', () => {
    const onEvent = vi.fn();
    const feed = here.feed({ onEvent });
    here.socket.accept('');
    expect(feed.status).toBe('open');
    here.socket.event('saved');
    expect(onEvent).toHaveBeenCalledExactlyOnceWith('saved');
  });

  it.each([
    ['no JSON', '{'],
    ['an event without one', '{"t":"event","seq":1}'],
    ['no object', '5'],
    ['null', 'null'],
    ['an error without a code', '{"t":"error"}'],
    ['a batch with one that is broken', '[null]'],
  ])('that cannot be read are told of, and end nothing: %s', (_, text) => {
    const [onEvent, onError] = [vi.fn(), vi.fn()];
    here.feed({ onEvent, onError });
    here.socket.begin();
    here.socket.receiveText(text);
    here.socket.event('after', 2);
    expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['unreadable']);
    expect(onEvent.mock.calls).toEqual([['after']]);
  });

  it('are frames of a feed alone: a message of a room is none, and an unknown frame is skipped', () => {
    const onEvent = vi.fn();
    here.feed({ onEvent });
    here.socket.begin();
    here.socket.receive({ t: 'msg', msg: 1, from: '' });
    here.socket.receive({ t: 'later' });
    expect(onEvent).not.toHaveBeenCalled();
  });

  it('are heard no more after close, though their batch goes on', () => {
    const heard: unknown[] = [];
    const feed = here.feed({
      onEvent(event: unknown) {
        heard.push(event);
        feed.close();
      },
    });
    here.socket.begin();
    here.socket.receive([
      { t: 'event', event: 1, seq: 1 },
      { t: 'event', event: 2, seq: 2 },
    ]);
    expect(heard).toEqual([1]);
  });
});

it('has nothing to send', () => {
  const feed = here.feed();
  here.socket.begin();
  expect(refusal(() => feed.send('x')).code).toBe('bad_message');
  expect(here.socket.sent).toEqual([]);
});

describe('coming back', () => {
  const callbacks = () => {
    const told: unknown[] = [];
    return {
      told,
      onEvent: (event: unknown) => told.push(event),
      onResume: () => told.push('resumed'),
      onMissed: () => told.push('missed'),
      onOpen: () => told.push('open'),
      onClose: () => told.push('closed'),
    };
  };

  it('says how far it has heard, and hears the rest', () => {
    const { told, ...options } = callbacks();
    here.feed(options);
    here.socket.begin(4);
    here.socket.event('five', 5);
    here.socket.end();
    again();
    expect(here.socket.protocols).toEqual(['roomful.v1', 'roomful.resume.node-token.5']);
    here.socket.begin(7, true);
    here.socket.event('six', 6);
    here.socket.event('seven', 7);
    expect(told).toEqual(['open', 'five', 'closed', 'open', 'resumed', 'six', 'seven']);
    here.socket.end();
    again();
    expect(here.socket.protocols[1]).toBe('roomful.resume.node-token.7');
  });

  it('is cut off between the greeting and what it missed, and has not heard that', () => {
    here.feed();
    here.socket.begin(4);
    here.socket.end();
    again();
    here.socket.begin(7, true);
    here.socket.end();
    again();
    expect(here.socket.protocols[1]).toBe('roomful.resume.node-token.4');
  });

  it('is told where events do not follow', () => {
    const { told, ...options } = callbacks();
    here.feed(options);
    here.socket.begin(4);
    here.socket.end();
    again();
    here.socket.begin(9, false, 'other-token');
    here.socket.event('ten', 10);
    expect(told).toEqual(['open', 'closed', 'open', 'missed', 'ten']);
    here.socket.end();
    again();
    expect(here.socket.protocols[1]).toBe('roomful.resume.other-token.10');
  });

  it('is told of a gap without a reconnect', () => {
    const { told, ...options } = callbacks();
    here.feed(options);
    here.socket.begin(4);
    here.socket.receive({ t: 'gap', epoch: 'e1', seq: 8 });
    expect(told).toEqual(['open', 'missed']);
    here.socket.end();
    again();
    expect(here.socket.protocols[1]).toBe('roomful.resume.node-token.8');
  });

  it.each([
    [1000, 'closed'],
    [1012, 'reconnecting'],
    [1013, 'reconnecting'],
    [4401, 'closed'],
    [4403, 'closed'],
    [4409, 'closed'],
    [4429, 'closed'],
  ])('goes by the close code: %i', (code, status) => {
    const feed = here.feed();
    here.socket.begin();
    here.socket.end(code, '', true);
    expect([feed.status, feed.closeInfo?.code]).toEqual([status, code]);
  });

  it('does as a restarting server says, renews its credentials, and pings', async () => {
    const credentials = vi.fn(() => 'new');
    here.feed({ credentials });
    await vi.waitFor(() => expect(here.sockets).toHaveLength(1));
    here.socket.begin();
    here.socket.receive({ t: 'auth' });
    await vi.waitFor(() => expect(here.socket.frames).toHaveLength(1));
    here.world.advance(25_000);
    expect(here.socket.frames).toEqual([{ t: 'auth', credentials: 'new' }, { t: 'ping' }]);
    here.socket.end(1012, 'retry=7000', true);
    here.world.advance(6_999);
    expect(credentials).toHaveBeenCalledTimes(2);
    here.world.advance(1);
    expect(credentials).toHaveBeenCalledTimes(3);
  });
});

describe('a state', () => {
  const options = {
    initial: [] as string[],
    reduce: (last: string[], event: string) => [event, ...last].slice(0, 2),
  };

  it('is what the reducer makes of the events, and changes before they are told', () => {
    const seen: unknown[] = [];
    const feed = here.feed({ ...options, onEvent: () => seen.push(feed.state) });
    expect(feed.state).toBe(options.initial);
    here.socket.begin();
    for (const [i, event] of ['a', 'b', 'c'].entries()) here.socket.event(event, i + 1);
    expect(seen).toEqual([['a'], ['b', 'a'], ['c', 'b']]);
  });

  it('stays over a reconnect and after the end', () => {
    const feed = here.feed(options);
    here.socket.begin();
    here.socket.event('a', 1);
    here.socket.end();
    again();
    here.socket.begin(1, true);
    expect(feed.state).toEqual(['a']);
    feed.leave();
    expect([feed.status, feed.state]).toEqual(['closed', ['a']]);
  });

  it('tells of its changes alone', () => {
    const feed = here.feed({
      initial: 0,
      reduce: (count: number, event: string) => (event === 'more' ? count + 1 : count),
    });
    const listener = vi.fn();
    feed.subscribe(listener, ['state']);
    here.socket.begin();
    here.socket.event('other', 1);
    expect(listener).not.toHaveBeenCalled();
    here.socket.event('more', 2);
    expect(listener).toHaveBeenCalledOnce();
  });

  it('says that something is missing, where the app wants it to, before onMissed does', () => {
    const seen: unknown[] = [];
    const reduceMissed = (last: string[]) => ['…', ...last];
    const feed = here.feed({ ...options, reduceMissed, onMissed: () => seen.push(feed.state) });
    here.socket.begin();
    here.socket.event('a', 1);
    here.socket.receive({ t: 'gap', epoch: 'e1', seq: 8 });
    expect(seen).toEqual([['…', 'a']]);
  });

  it('is left alone by what is missing, where the app says nothing of that', () => {
    const onMissed = vi.fn();
    const feed = here.feed({ ...options, onMissed });
    here.socket.begin();
    here.socket.event('a', 1);
    here.socket.receive({ t: 'gap', epoch: 'e1', seq: 8 });
    expect(onMissed).toHaveBeenCalledOnce();
    expect(feed.state).toEqual(['a']);
  });

  it('is what it was where the reducer throws, which is told of; the event is told, too', () => {
    const [onError, onEvent] = [vi.fn(), vi.fn()];
    const reduce = () => {
      throw new Error('on purpose');
    };
    const feed = here.feed({ initial: 'first', reduce, onError, onEvent });
    here.socket.begin();
    here.socket.event('a', 1);
    expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['callback_failed']);
    expect([feed.state, onEvent.mock.calls]).toEqual(['first', [['a']]]);
  });
});

describe('sharing', () => {
  it('two who listen to one key share a connection, and have a state each', () => {
    const reduce = (count: number) => count + 1;
    const first = here.feed({ initial: 0, reduce });
    here.socket.begin();
    here.socket.event('a', 1);
    const second = here.feed({ initial: 10, reduce });
    here.socket.event('b', 2);
    expect(here.sockets).toHaveLength(1);
    expect([first.state, second.state]).toEqual([2, 11]);
    first.leave();
    expect(here.socket.closes).toEqual([]);
    second.leave();
    expect(here.socket.closes).toHaveLength(1);
  });

  it('share: false is a connection of its own', () => {
    here.feed();
    here.feed({ share: false });
    expect(here.sockets).toHaveLength(2);
  });
});

it('is a connection like any other', () => {
  const connection = connectionOf(here.feed());
  expect(connection.get().online).toBe(false);
  here.socket.begin();
  expect(connection.get().online).toBe(true);
});
