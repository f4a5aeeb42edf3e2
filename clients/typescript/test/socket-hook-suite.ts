/** What both socket hooks promise. Each framework runs all of it; see `preact.test.ts` and `react.test.ts`. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MakeSocket, UseSocket } from '../src/hook/socket.js';
import type { Socket, SocketOptions } from '../src/index.js';
import type { Chat } from './support/rooms.js';
import { fakeSockets } from './support/sockets.js';
import type { Renderer } from './support/stage.js';

type View = Socket<Chat, boolean>;
type Options = SocketOptions<Chat, boolean>;

export function socketHookSuite(
  name: string,
  renderer: Pick<Renderer, 'h' | 'mount' | 'act' | 'useEffect' | 'StrictMode'> & {
    socket: MakeSocket;
    useSocket: UseSocket;
  },
): void {
  const { h, mount, act, useSocket, useEffect, StrictMode } = renderer;
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

  const ref = renderer.socket<Chat>('docs', 'chat');
  const options = (more: object = {}): Options => ({
    params: { docId: 'a' },
    WebSocket: sockets.WebSocket,
    ...more,
  });

  /** A component that shows what `show` reads, counts its renders, and leaves the socket within reach. */
  function probe(show: (socket: View) => unknown, more: object = {}) {
    const seen = { renders: 0, socket: undefined as unknown as View };
    function Probe(props: object) {
      seen.renders++;
      seen.socket = useSocket(ref, options({ ...more, ...props }));
      return h('p', null, String(JSON.stringify(show(seen.socket))));
    }
    return { seen, Probe };
  }

  const greet = () => act(() => sockets.last.greet());
  const receive = (message: unknown) => act(() => sockets.last.receive(message));

  describe(`${name}: useSocket`, () => {
    it('opens when it is mounted and closes when it is unmounted', () => {
      const { Probe } = probe((socket) => socket.status);
      const root = mount(h(Probe));
      expect(root.html()).toBe('<p>"connecting"</p>');
      greet();
      expect(root.html()).toBe('<p>"open"</p>');
      root.unmount();
      vi.advanceTimersByTime(100);
      expect(sockets.last.sent).toEqual([]);
      expect(sockets.last.closes).toEqual([[1000, '']]);
    });

    it('works as a method of the reference and as a function', () => {
      const Method = () => h('p', null, ref.useSocket(options()).status);
      const Free = () => h('p', null, useSocket(ref, options()).status);
      const root = mount(h('div', null, h(Method), h(Free)));
      act(() => sockets.all.forEach((socket) => socket.greet()));
      expect(root.html()).toBe('<div><p>open</p><p>open</p></div>');
    });

    it('sends what was sent before it was open', () => {
      const { seen, Probe } = probe(() => 0);
      mount(h(Probe));
      seen.socket.send('hi');
      expect(sockets.last.sent).toEqual([]);
      greet();
      expect(sockets.last.sent).toEqual(['"hi"']);
    });

    describe('a message', () => {
      it('does not render, and is no part of what is given, unless it is asked for', () => {
        const onMessage = vi.fn();
        const { seen, Probe } = probe((socket) => ({ ...socket }), { onMessage });
        mount(h(Probe));
        greet();
        const before = seen.renders;
        receive('hi');
        expect(onMessage).toHaveBeenCalledExactlyOnceWith('hi');
        expect(seen.renders).toBe(before);
        const fields = ['close', 'closeInfo', 'reconnect', 'send', 'status'];
        expect(Object.keys(seen.socket).sort()).toEqual(fields);
      });

      it('renders as lastMessage when it is asked for and read', () => {
        const onMessage = vi.fn();
        const { seen, Probe } = probe((socket) => socket.lastMessage, {
          lastMessage: true,
          onMessage,
        });
        const root = mount(h(Probe));
        expect(root.html()).toBe('<p>undefined</p>');
        greet();
        const { renders, socket } = seen;
        receive({ n: 1 });
        expect(root.html()).toBe('<p>{"n":1}</p>');
        expect(seen.renders).toBe(renders + 1);
        expect(seen.socket).not.toBe(socket);
        expect(seen.socket.send).toBe(socket.send);
        receive({ n: 2 });
        expect(root.html()).toBe('<p>{"n":2}</p>');
        expect(onMessage).toHaveBeenCalledTimes(2);
      });

      it('that was asked for and is not read does not render', () => {
        const { seen, Probe } = probe((socket) => socket.status, { lastMessage: true });
        mount(h(Probe));
        greet();
        const before = seen.renders;
        receive('hi');
        expect(seen.renders).toBe(before);
      });

      it('stays over a reconnect', () => {
        const { Probe } = probe((socket) => socket.lastMessage, { lastMessage: true });
        const root = mount(h(Probe));
        greet();
        receive('hi');
        act(() => sockets.last.end());
        act(() => void vi.advanceTimersByTime(375));
        greet();
        expect(sockets.all).toHaveLength(2);
        expect(root.html()).toBe('<p>"hi"</p>');
      });

      it('may be asked for later', () => {
        const { Probe } = probe((socket) => socket.lastMessage);
        const root = mount(h(Probe, { lastMessage: false }));
        greet();
        receive('one');
        root.render(h(Probe, { lastMessage: true }));
        expect(root.html()).toBe('<p>undefined</p>');
        receive('two');
        expect(root.html()).toBe('<p>"two"</p>');
        root.render(h(Probe, { lastMessage: false }));
        expect(root.html()).toBe('<p>undefined</p>');
        expect(sockets.all).toHaveLength(1);
      });
    });

    it('renders again only for what was read', () => {
      const nothing = probe(() => 0);
      const info = probe((socket) => socket.closeInfo?.code);
      mount(h(nothing.Probe, { share: true }));
      mount(h(info.Probe, { share: true }));
      greet();
      act(() => sockets.last.end());
      expect([nothing.seen.renders, info.seen.renders]).toEqual([1, 2]);
    });

    it('calls the latest callbacks, and does not reconnect for new ones', () => {
      const heard: unknown[] = [];
      const { Probe } = probe(() => 0);
      const callbacks = (n: number) => ({
        onOpen: () => heard.push(['open', n]),
        onMessage: (message: unknown) => heard.push([message, n]),
        onClose: () => heard.push(['close', n]),
        shouldReconnect: () => Boolean(heard.push(['again', n])),
      });
      const root = mount(h(Probe, callbacks(1)));
      root.render(h(Probe, callbacks(2)));
      greet();
      root.render(h(Probe, callbacks(3)));
      receive('hi');
      root.render(h(Probe, callbacks(4)));
      act(() => sockets.last.end());
      expect(heard).toEqual([
        ['open', 2],
        ['hi', 3],
        ['again', 4],
        ['close', 4],
      ]);
      expect(sockets.all).toHaveLength(1);
    });

    it('opens another with other params, and shows nothing of the old one for it', () => {
      const shown: unknown[] = [];
      function Probe({ docId }: { docId: string }) {
        const { status, lastMessage } = useSocket(
          ref,
          options({ params: { docId }, lastMessage: true }),
        ) as Socket<Chat, true>;
        shown.push([docId, status, lastMessage]);
        return h('p', null, `${docId} ${status} ${lastMessage}`);
      }
      const root = mount(h(Probe, { docId: 'a' }));
      greet();
      receive('hi');
      expect(root.html()).toBe('<p>a open hi</p>');
      root.render(h(Probe, { docId: 'b' }));
      expect(root.html()).toBe('<p>b connecting undefined</p>');
      expect(shown).not.toContainEqual(['b', 'open', 'hi']);
      expect(decodeURIComponent(sockets.last.url)).toContain('{"docId":"b"}');
      act(() => sockets.all[0]!.receive('late'));
      expect(root.html()).toBe('<p>b connecting undefined</p>');
      vi.advanceTimersByTime(100);
      expect(sockets.all[0]!.closes).toEqual([[1000, '']]);
    });

    it('enabled: false does not connect, and turns on and off', () => {
      const onError = vi.fn();
      const { seen, Probe } = probe((socket) => socket.status, { onError });
      const root = mount(h(Probe, { enabled: false }));
      expect(root.html()).toBe('<p>"closed"</p>');
      expect(sockets.all).toEqual([]);
      seen.socket.send('x');
      root.render(h(Probe, { enabled: true }));
      greet();
      expect(sockets.last.sent).toEqual(['"x"']);
      expect(root.html()).toBe('<p>"open"</p>');
      root.render(h(Probe, { enabled: false }));
      expect(root.html()).toBe('<p>"closed"</p>');
      vi.advanceTimersByTime(100);
      expect(sockets.last.closes).toEqual([[1000, '']]);
      seen.socket.send(undefined as never);
      expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['bad_message']);
    });

    it('close ends it, tells why, and it does not come back', () => {
      const onClose = vi.fn();
      const { seen, Probe } = probe((socket) => [socket.status, socket.closeInfo?.code], {
        onClose,
      });
      const root = mount(h(Probe));
      greet();
      act(() => seen.socket.close(4001, 'done'));
      expect(root.html()).toBe('<p>["closing",null]</p>');
      act(() => sockets.last.end(4001, 'done', true));
      expect(root.html()).toBe('<p>["closed",4001]</p>');
      vi.advanceTimersByTime(60_000);
      expect(onClose).toHaveBeenCalledOnce();
      expect(sockets.all).toHaveLength(1);
    });

    describe('two components', () => {
      it('have a connection each', () => {
        const { Probe } = probe((socket) => socket.status);
        const root = mount(h('div', null, h(Probe), h(Probe)));
        expect(sockets.all).toHaveLength(2);
        greet();
        expect(root.html()).toBe('<div><p>"connecting"</p><p>"open"</p></div>');
      });

      it('saying share: false, which is the default, change nothing', () => {
        const { Probe } = probe(() => 0);
        const root = mount(h(Probe));
        root.render(h(Probe, { share: false }));
        vi.advanceTimersByTime(1_000);
        expect(sockets.all).toHaveLength(1);
        expect(sockets.last.closes).toEqual([]);
      });

      it('with share: true have one until both have gone', () => {
        const { Probe } = probe((socket) => socket.status, { share: true });
        const first = mount(h(Probe));
        greet();
        const second = mount(h(Probe));
        expect(second.html()).toBe('<p>"open"</p>');
        first.unmount();
        vi.advanceTimersByTime(1_000);
        expect(sockets.last.closes).toEqual([]);
        second.unmount();
        vi.advanceTimersByTime(100);
        expect(sockets.all).toHaveLength(1);
        expect(sockets.last.closes).toHaveLength(1);
      });
    });

    it('takes what a child sends in its first effect', () => {
      const Child = ({ socket }: { socket: View }) => {
        useEffect(() => socket.send('first'), []);
        return null;
      };
      const Parent = () => h(Child, { socket: useSocket(ref, options()) });
      mount(h(Parent));
      greet();
      expect(sockets.last.sent).toEqual(['"first"']);
    });

    it('whose effects run again, as in a hot reload, keeps its connection and its last message', () => {
      const { Probe } = probe((socket) => [socket.status, socket.lastMessage], {
        lastMessage: true,
      });
      const root = mount(h(Probe));
      greet();
      receive('hi');
      // Runs the effect again for the same socket, which is what a hot reload does.
      root.render(h(Probe, { WebSocket: class extends sockets.WebSocket {} }));
      vi.advanceTimersByTime(1_000);
      expect(sockets.all).toHaveLength(1);
      expect(sockets.last.closes).toEqual([]);
      expect(root.html()).toBe('<p>["open","hi"]</p>');
      receive('again');
      expect(root.html()).toBe('<p>["open","again"]</p>');
    });

    if (StrictMode) {
      it('in StrictMode connects once', () => {
        const { seen, Probe } = probe((socket) => [socket.status, socket.lastMessage], {
          lastMessage: true,
        });
        const root = mount(h(StrictMode, null, h(Probe)));
        vi.advanceTimersByTime(1_000);
        greet();
        receive('hi');
        expect(root.html()).toBe('<p>["open","hi"]</p>');
        expect(sockets.all).toHaveLength(1);
        seen.socket.send('hi');
        expect(sockets.last.sent).toEqual(['"hi"']);
        root.unmount();
        vi.advanceTimersByTime(100);
        expect(sockets.last.closes).toHaveLength(1);
      });
    }
  });
}
