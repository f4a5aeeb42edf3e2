/** What both feed hooks promise. Each framework runs all of it; see `preact.test.ts` and `react.test.ts`. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MakeFeed, UseFeed } from '../src/hook/feed.js';
import type { Feed } from '../src/index.js';
import type { Activity } from './support/rooms.js';
import { fakeSockets } from './support/sockets.js';
import type { Renderer } from './support/stage.js';

type View = Feed & { readonly state?: unknown };

export function feedHookSuite(
  name: string,
  renderer: Pick<Renderer, 'h' | 'mount' | 'act' | 'StrictMode'> & {
    feed: MakeFeed;
    useFeed: UseFeed;
  },
): void {
  const { h, mount, act, useFeed, StrictMode } = renderer;
  let sockets: ReturnType<typeof fakeSockets>;
  let log: ReturnType<typeof vi.spyOn>;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    sockets = fakeSockets();
    log = vi.spyOn(console, 'error').mockImplementation(() => {});
  });

  afterEach(() => {
    expect(log.mock.calls).toEqual([]);
    vi.useRealTimers();
  });

  const ref = renderer.feed<Activity>('board', 'activity');
  const last = {
    initial: [] as string[],
    reduce: (last: string[], event: string) => [...last, event].slice(-2),
  };

  /** A component that shows what `show` reads, counts its renders, and leaves the feed within reach. `at`: the board. */
  function probe(show: (feed: View) => unknown, more: object = {}) {
    const seen = { renders: 0, feed: undefined as unknown as View };
    function Probe({ at = 'main', ...props }: { at?: string }) {
      seen.renders++;
      const options = { WebSocket: sockets.WebSocket, ...more, ...props, key: { boardId: at } };
      seen.feed = useFeed(ref, options);
      return h('p', null, String(JSON.stringify(show(seen.feed))));
    }
    return { seen, Probe };
  }

  const begin = () => act(() => sockets.last.begin());
  const event = (event: unknown, seq?: number) => act(() => sockets.last.event(event, seq));

  describe(`${name}: useFeed`, () => {
    it('listens while it is mounted', () => {
      const onEvent = vi.fn();
      const { Probe } = probe((feed) => feed.status, { onEvent });
      const root = mount(h(Probe));
      expect(root.html()).toBe('<p>"connecting"</p>');
      begin();
      expect(root.html()).toBe('<p>"open"</p>');
      event('a', 1);
      expect(onEvent).toHaveBeenCalledExactlyOnceWith('a');
      root.unmount();
      vi.advanceTimersByTime(100);
      expect(sockets.last.closes).toEqual([[1000, '']]);
    });

    it('works as a method of the reference and as a function, on one connection', () => {
      const options = () => ({ key: { boardId: 'main' }, WebSocket: sockets.WebSocket });
      const Method = () => h('p', null, ref.useFeed(options()).status);
      const Free = () => h('p', null, useFeed(ref, options()).status);
      const root = mount(h('div', null, h(Method), h(Free)));
      begin();
      expect(root.html()).toBe('<div><p>open</p><p>open</p></div>');
      expect(sockets.all).toHaveLength(1);
    });

    it('gives what there is of a feed, and a state where one is made', () => {
      const without = probe((feed) => ({ ...feed }));
      const made = probe((feed) => ({ ...feed }), last);
      mount(h('div', null, h(without.Probe), h(made.Probe)));
      const fields = ['close', 'closeInfo', 'reconnect', 'status'];
      expect(Object.keys(without.seen.feed).sort()).toEqual(fields);
      expect(Object.keys(made.seen.feed).sort()).toEqual([
        ...fields.slice(0, 3),
        'state',
        'status',
      ]);
    });

    it('renders for an event only where its state is read and has changed', () => {
      const onEvent = vi.fn();
      const without = probe((feed) => feed.status, { onEvent });
      const unread = probe((feed) => feed.status, last);
      const read = probe((feed) => feed.state, {
        initial: 0,
        reduce: (count: number, event: string) => count + (event === 'more' ? 1 : 0),
      });
      const root = mount(h('div', null, h(without.Probe), h(unread.Probe), h(read.Probe)));
      begin();
      const renders = () => [without.seen.renders, unread.seen.renders, read.seen.renders];
      const before = renders();
      event('other', 1);
      expect(renders()).toEqual(before);
      event('more', 2);
      expect(renders()).toEqual([before[0], before[1], before[2]! + 1]);
      expect(root.html()).toContain('<p>1</p>');
      expect(onEvent).toHaveBeenCalledTimes(2);
    });

    it('keeps its state over a reconnect and over effects that run again', () => {
      const { Probe } = probe((feed) => [feed.status, feed.state], last);
      const root = mount(h(Probe));
      begin();
      event('a', 1);
      act(() => sockets.last.end());
      expect(root.html()).toBe('<p>["reconnecting",["a"]]</p>');
      act(() => void vi.advanceTimersByTime(375));
      act(() => sockets.last.begin(2, true));
      event('b', 2);
      expect(root.html()).toBe('<p>["open",["a","b"]]</p>');
      // Runs the effect again for the same feed, which is what a hot reload does.
      root.render(h(Probe, { WebSocket: class extends sockets.WebSocket {} }));
      vi.advanceTimersByTime(1_000);
      expect(sockets.all).toHaveLength(2);
      expect(root.html()).toBe('<p>["open",["a","b"]]</p>');
    });

    it('listens to another key, and shows nothing of the old one for it', () => {
      const shown: unknown[] = [];
      const { Probe } = probe((feed) => {
        shown.push(feed.state);
        return feed.state;
      });
      const made = (at: string) => h(Probe, { at, initial: [at], reduce: last.reduce });
      const root = mount(made('a'));
      begin();
      event('old', 1);
      expect(root.html()).toBe('<p>["a","old"]</p>');
      shown.length = 0;
      root.render(made('b'));
      begin();
      act(() => sockets.all[0]!.event('late', 2));
      expect(root.html()).toBe('<p>["b"]</p>');
      expect(shown.every((state) => JSON.stringify(state) === '["b"]')).toBe(true);
      event('new', 1);
      expect(root.html()).toBe('<p>["b","new"]</p>');
    });

    it('calls the latest callbacks and the latest reducer, and does not reconnect for new ones', () => {
      const told: unknown[] = [];
      const { Probe } = probe((feed) => feed.state, { initial: '' });
      const callbacks = (n: number) => ({
        onEvent: (event: string) => told.push([event, n]),
        onMissed: () => told.push(['missed', n]),
        reduce: (state: string, event: string) => `${state} ${event}${n}`,
        reduceMissed: (state: string) => `${state} …${n}`,
      });
      const root = mount(h(Probe, callbacks(1)));
      begin();
      root.render(h(Probe, callbacks(2)));
      event('a', 1);
      root.render(h(Probe, callbacks(3)));
      act(() => sockets.last.receive({ t: 'gap', epoch: 'e1', seq: 3 }));
      expect(told).toEqual([
        ['a', 2],
        ['missed', 3],
      ]);
      expect(root.html()).toBe('<p>" a2 …3"</p>');
      expect(sockets.all).toHaveLength(1);
    });

    it('enabled: false listens to nothing, and shows the state to begin with', () => {
      const { Probe } = probe((feed) => [feed.status, feed.state], last);
      const root = mount(h(Probe, { enabled: false }));
      expect(root.html()).toBe('<p>["closed",[]]</p>');
      expect(sockets.all).toEqual([]);
      root.render(h(Probe, { enabled: true }));
      begin();
      event('a', 1);
      expect(root.html()).toBe('<p>["open",["a"]]</p>');
    });

    it('close ends it, and reconnect makes another connection', () => {
      const { seen, Probe } = probe((feed) => [feed.status, feed.closeInfo?.code]);
      const root = mount(h(Probe));
      begin();
      act(() => seen.feed.reconnect());
      expect(sockets.all).toHaveLength(2);
      begin();
      act(() => seen.feed.close(4001, 'done'));
      act(() => sockets.last.end(4001, 'done', true));
      expect(root.html()).toBe('<p>["closed",4001]</p>');
    });

    if (StrictMode) {
      it('in StrictMode connects once, and tells and reduces each event once', () => {
        const onEvent = vi.fn();
        const { Probe } = probe((feed) => [feed.status, feed.state], { ...last, onEvent });
        const root = mount(h(StrictMode, null, h(Probe)));
        vi.advanceTimersByTime(1_000);
        begin();
        event('a', 1);
        expect(root.html()).toBe('<p>["open",["a"]]</p>');
        expect(sockets.all).toHaveLength(1);
        expect(onEvent).toHaveBeenCalledOnce();
        root.unmount();
        vi.advanceTimersByTime(100);
        expect(sockets.last.closes).toHaveLength(1);
      });
    }
  });
}
