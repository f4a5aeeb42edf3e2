/** What both hooks promise where a framework runs effects again. Each framework runs all of it; see `preact.test.ts` and `react.test.ts`. */
import { describe, expect, it, vi } from 'vitest';
import { stage, type Renderer, type View } from './support/stage.js';

export function effectsSuite(name: string, renderer: Renderer): void {
  const { h, mount, useRoom, useEffect } = renderer;
  const { sockets, ref, options, probe, receive, welcome } = stage(renderer);

  describe(`${name}: whose effects run again`, () => {
    it('unmounted and mounted again within a moment finds its room as it was', () => {
      const onOpen = vi.fn();
      const { Probe } = probe((room) => room.memberIds);
      const first = mount(h(Probe));
      welcome();
      first.unmount();
      vi.advanceTimersByTime(99);
      const second = mount(h(Probe, { onOpen }));
      expect(second.html()).toBe('<p>["me","you"]</p>');
      vi.advanceTimersByTime(1_000);
      expect(sockets.all).toHaveLength(1);
      expect(sockets.last.closes).toEqual([]);
      second.unmount();
      vi.advanceTimersByTime(100);
      mount(h(Probe));
      expect(sockets.all).toHaveLength(2);
    });

    it('takes what a child sets while its effects run again', () => {
      const Child = ({ room, x }: { room: View; x: number }) => {
        useEffect(() => {
          room.setPresence({ x });
          room.send(`${x}`);
        }, [x]);
        return null;
      };
      const Parent = ({ x, WebSocket }: { x: number; WebSocket: unknown }) => {
        const room = useRoom(ref, options({ presence: { x: 0 }, WebSocket }));
        return h(Child, { room, x });
      };
      const root = mount(h(Parent, { x: 1, WebSocket: sockets.WebSocket }));
      welcome();
      // Another class makes the room's effect run again, for the same room.
      root.render(h(Parent, { x: 2, WebSocket: class extends sockets.WebSocket {} }));
      expect(sockets.all).toHaveLength(1);
      expect(sockets.last.frames).toEqual([
        { t: 'presence', state: { x: 1 } },
        { t: 'msg', msg: '1' },
        { t: 'presence', state: { x: 2 } },
        { t: 'msg', msg: '2' },
      ]);
    });

    it('whose effects run again, as in a hot reload, keeps its connection and its presence', () => {
      const { seen, Probe } = probe((room) => room.status, { presence: { x: 0 } });
      const root = mount(h(Probe));
      welcome();
      seen.room.setPresence({ x: 5 });
      root.render(h(Probe, { enabled: false }));
      root.render(h(Probe, { enabled: true }));
      expect(sockets.all).toHaveLength(1);
      expect(root.html()).toBe('<p>"open"</p>');
      vi.advanceTimersByTime(34);
      expect(sockets.last.frames.at(-1)).toEqual({ t: 'presence', state: { x: 5 } });
      receive({ t: 'presence', op: 'leave', from: 'you' });
      expect(seen.room.memberIds).toEqual(['me']);
    });

    const { StrictMode, Activity } = renderer;
    if (Activity) {
      it('that is hidden leaves, and comes back with what was set last', () => {
        const { seen, Probe } = probe((room) => room.status, { presence: { x: 0 } });
        const shown = (mode: string) => h(Activity, { mode }, h(Probe));
        const root = mount(shown('visible'));
        welcome();
        seen.room.setPresence({ x: 1 });
        root.render(shown('hidden'));
        vi.advanceTimersByTime(99);
        expect(sockets.last.closes).toEqual([]);
        vi.advanceTimersByTime(1);
        expect(sockets.last.closes).toHaveLength(1);
        seen.room.setPresence({ x: 2 });
        root.render(shown('visible'));
        welcome();
        expect(sockets.all).toHaveLength(2);
        expect(sockets.last.frames).toEqual([{ t: 'presence', state: { x: 2 } }]);
        expect(root.html()).toContain('"open"');
      });
    }

    if (StrictMode) {
      it('in StrictMode keeps what a child sets in its effects', () => {
        let x = 0;
        const Child = ({ room }: { room: View }) => {
          useEffect(() => room.setPresence({ x: ++x }), []);
          return null;
        };
        const Parent = () => h(Child, { room: useRoom(ref, options({ presence: { x: 0 } })) });
        mount(h(StrictMode, null, h(Parent)));
        welcome();
        expect(x).toBe(2);
        expect(sockets.last.frames).toEqual([{ t: 'presence', state: { x: 2 } }]);
      });

      it('in StrictMode connects once, and keeps the last presence', () => {
        const { seen, Probe } = probe((room) => room.status, { presence: { x: 0 } });
        const root = mount(h(StrictMode, null, h(Probe)));
        vi.advanceTimersByTime(1_000);
        welcome();
        expect(root.html()).toBe('<p>"open"</p>');
        expect(sockets.all).toHaveLength(1);
        expect(sockets.last.closes).toEqual([]);
        seen.room.send('hi');
        expect(sockets.last.frames).toEqual([
          { t: 'presence', state: { x: 0 } },
          { t: 'msg', msg: 'hi' },
        ]);
        root.unmount();
        vi.advanceTimersByTime(100);
        expect(sockets.last.closes).toHaveLength(1);
      });

      it('in StrictMode connects once without sharing, too', () => {
        const { Probe } = probe((room) => room.status, { share: false });
        const root = mount(h(StrictMode, null, h(Probe)));
        vi.advanceTimersByTime(1_000);
        welcome();
        expect(root.html()).toBe('<p>"open"</p>');
        expect(sockets.all).toHaveLength(1);
      });

      it('in StrictMode takes what a child sends in its effects', () => {
        const Child = ({ room }: { room: View }) => {
          useEffect(() => room.send('hi'), []);
          return null;
        };
        const Parent = () => h(Child, { room: useRoom(ref, options()) });
        mount(h(StrictMode, null, h(Parent)));
        welcome();
        // Twice, because that is what StrictMode does to every effect.
        expect(sockets.last.frames).toEqual(Array(2).fill({ t: 'msg', msg: 'hi' }));
      });
    }
  });
}
