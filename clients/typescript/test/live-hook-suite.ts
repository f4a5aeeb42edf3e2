/** What both hooks for live values promise. Each framework runs all of it; see `preact.test.ts` and `react.test.ts`. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MakeLive, UseLive } from '../src/hook/live.js';
import type { Live, LiveOptions } from '../src/index.js';
import type { Tasks } from './support/rooms.js';
import { fakeSockets } from './support/sockets.js';
import type { Renderer } from './support/stage.js';

type View = Live<Tasks>;

export function liveHookSuite(
  name: string,
  renderer: Pick<Renderer, 'h' | 'mount' | 'act' | 'StrictMode'> & {
    live: MakeLive;
    useLive: UseLive;
  },
): void {
  const { h, mount, act, useLive, StrictMode } = renderer;
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

  const ref = renderer.live<Tasks>('board', 'tasks');

  /** A component that shows what `show` reads, counts its renders, and leaves the value within reach. `at`: the board. */
  function probe(show: (live: View) => unknown, more: object = {}) {
    const seen = { renders: 0, live: undefined as unknown as View };
    function Probe({ at = 'main', ...props }: { at?: string }) {
      seen.renders++;
      const options: LiveOptions<Tasks> = {
        WebSocket: sockets.WebSocket,
        onError: () => {},
        ...more,
        ...props,
        key: { boardId: at },
      };
      seen.live = useLive(ref, options);
      return h('p', null, String(JSON.stringify(show(seen.live))));
    }
    return { seen, Probe };
  }

  const begin = () => act(() => sockets.last.begin());
  const value = (value: unknown, seq?: number) => act(() => sockets.last.value(value, seq));

  describe(`${name}: useLive`, () => {
    it('watches while it is mounted', () => {
      const { Probe } = probe((live) => [live.status, live.value]);
      const root = mount(h(Probe));
      expect(root.html()).toBe('<p>["connecting",null]</p>');
      begin();
      value(['a'], 1);
      expect(root.html()).toBe('<p>["open",["a"]]</p>');
      root.unmount();
      vi.advanceTimersByTime(100);
      expect(sockets.last.closes).toEqual([[1000, '']]);
    });

    it('works as a method of the reference and as a function, on one connection', () => {
      const options = () => ({ key: { boardId: 'main' }, WebSocket: sockets.WebSocket });
      const Method = () => h('p', null, ref.useLive(options()).value?.join());
      const Free = () => h('p', null, useLive(ref, options()).value?.join());
      const root = mount(h('div', null, h(Method), h(Free)));
      begin();
      value(['a', 'b'], 1);
      expect(root.html()).toBe('<div><p>a,b</p><p>a,b</p></div>');
      expect(sockets.all).toHaveLength(1);
    });

    it('gives what there is of a live value', () => {
      const { seen, Probe } = probe((live) => ({ ...live }));
      mount(h(Probe));
      const fields = ['close', 'closeInfo', 'error', 'refresh', 'status', 'value'];
      expect(Object.keys(seen.live).sort()).toEqual(fields);
    });

    it('renders only for what was read and has changed', () => {
      const nothing = probe(() => 0);
      const read = probe((live) => live.value);
      mount(h('div', null, h(nothing.Probe), h(read.Probe)));
      begin();
      value(['a'], 1);
      const { live, renders } = read.seen;
      const shown = live.value;
      act(() => sockets.last.end());
      act(() => void vi.advanceTimersByTime(375));
      act(() => sockets.last.begin(0, false, 'other-token'));
      value(['a'], 1);
      expect([nothing.seen.renders, read.seen.renders]).toEqual([1, renders]);
      value(['b'], 2);
      expect([nothing.seen.renders, read.seen.renders]).toEqual([1, renders + 1]);
      expect(read.seen.live).not.toBe(live);
      expect(read.seen.live.value).not.toBe(shown);
      expect(read.seen.live.refresh).toBe(live.refresh);
    });

    it('keeps the value over a reconnect and over effects that run again', () => {
      const { Probe } = probe((live) => [live.status, live.value]);
      const root = mount(h(Probe));
      begin();
      value(['a'], 1);
      act(() => sockets.last.end());
      expect(root.html()).toBe('<p>["reconnecting",["a"]]</p>');
      act(() => void vi.advanceTimersByTime(375));
      act(() => sockets.last.begin(1, true));
      expect(root.html()).toBe('<p>["open",["a"]]</p>');
      root.render(h(Probe, { WebSocket: class extends sockets.WebSocket {} }));
      vi.advanceTimersByTime(1_000);
      expect(root.html()).toBe('<p>["open",["a"]]</p>');
      expect(sockets.all).toHaveLength(2);
    });

    it('says that it cannot be loaded, and that it can', () => {
      const { Probe } = probe((live) => [live.value, live.error?.code]);
      const root = mount(h(Probe));
      begin();
      value(['a'], 1);
      act(() => sockets.last.failing());
      expect(root.html()).toBe('<p>[["a"],"handler_failed"]</p>');
      value(['a'], 1);
      expect(root.html()).toBe('<p>[["a"],null]</p>');
    });

    it('begins with `initial`, of each key its own, and renders nothing anew where that is the value', () => {
      const { seen, Probe } = probe((live) => live.value);
      const root = mount(h(Probe, { at: 'a', initial: ['a'] }));
      expect(root.html()).toBe('<p>["a"]</p>');
      const { renders } = seen;
      begin();
      value(['a'], 1);
      expect(seen.renders).toBe(renders);
      root.render(h(Probe, { at: 'b', initial: ['b'] }));
      expect(root.html()).toBe('<p>["b"]</p>');
      begin();
      value(['new'], 1);
      expect(root.html()).toBe('<p>["new"]</p>');
      root.render(h(Probe, { at: 'c' }));
      expect(root.html()).toBe('<p>undefined</p>');
    });

    it('shows what is known to who comes later', () => {
      const { Probe } = probe((live) => live.value);
      mount(h(Probe));
      begin();
      value(['a'], 1);
      expect(mount(h(Probe)).html()).toBe('<p>["a"]</p>');
      expect(sockets.all).toHaveLength(1);
    });

    it('enabled: false watches nothing', () => {
      const { Probe } = probe((live) => [live.status, live.value], { initial: ['old'] });
      const root = mount(h(Probe, { enabled: false }));
      expect(root.html()).toBe('<p>["closed",["old"]]</p>');
      expect(sockets.all).toEqual([]);
      root.render(h(Probe, { enabled: true }));
      begin();
      value(['a'], 1);
      expect(root.html()).toBe('<p>["open",["a"]]</p>');
    });

    it('refresh asks anew, once however often', () => {
      const { seen, Probe } = probe((live) => [live.status, live.value]);
      const root = mount(h(Probe));
      begin();
      value(['a'], 1);
      act(() => seen.live.refresh());
      act(() => seen.live.refresh());
      expect(root.html()).toBe('<p>["reconnecting",["a"]]</p>');
      expect(sockets.all).toHaveLength(2);
    });

    if (StrictMode) {
      it('in StrictMode connects once', () => {
        const { Probe } = probe((live) => [live.status, live.value], { initial: ['old'] });
        const root = mount(h(StrictMode, null, h(Probe)));
        vi.advanceTimersByTime(1_000);
        expect(root.html()).toBe('<p>["connecting",["old"]]</p>');
        begin();
        value(['a'], 1);
        expect(root.html()).toBe('<p>["open",["a"]]</p>');
        expect(sockets.all).toHaveLength(1);
        root.unmount();
        vi.advanceTimersByTime(100);
        expect(sockets.last.closes).toHaveLength(1);
      });
    }
  });
}
