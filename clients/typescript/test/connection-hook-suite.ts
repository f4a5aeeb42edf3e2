/** What both hooks promise of what is known of a connection. Each framework runs all of it; see `preact.test.ts` and `react.test.ts`. */
import { describe, expect, it, vi } from 'vitest';
import { stage, type Renderer, type View } from './support/stage.js';

export function connectionHookSuite(name: string, renderer: Renderer): void {
  const { h, mount, act, useRoom, useConnection } = renderer;
  const { sockets, ref, options, update, welcome } = stage(renderer);
  const pass = (ms: number) => act(() => void vi.advanceTimersByTime(ms));

  /** A page whose one child shows the connection of its room. */
  function page() {
    const renders = { parent: 0, child: 0 };
    function Child({ room, onLost }: { room: View; onLost?: () => void }) {
      renders.child++;
      const { online, lostSince, roundTrip } = useConnection(room, onLost);
      return h('p', null, `${online} ${lostSince !== undefined} ${roundTrip}`);
    }
    function Parent({ at = 'main', ...more }: { at?: string; onLost?: () => void }) {
      renders.parent++;
      const room = useRoom(ref, options({ key: { boardId: at } }));
      return h(Child, { room, ...more });
    }
    return { renders, Parent };
  }

  describe(`${name}: useConnection`, () => {
    it('renders when something is known that was not, and at no other time', () => {
      const { renders, Parent } = page();
      const root = mount(h(Parent));
      expect(root.html()).toBe('<p>false false undefined</p>');
      welcome();
      expect(root.html()).toBe('<p>true false undefined</p>');
      const before = { ...renders };
      update('you', 1);
      expect(renders).toEqual(before);
      pass(25_000);
      vi.advanceTimersByTime(42);
      act(() => sockets.last.receive({ t: 'pong' }));
      expect(root.html()).toBe('<p>true false 42</p>');
      act(() => sockets.last.end());
      expect(root.html()).toBe('<p>false true undefined</p>');
      pass(375);
      expect(renders).toEqual({ ...before, child: before.child + 2 });
      welcome();
      expect(root.html()).toBe('<p>true false undefined</p>');
    });

    it('calls the latest callback once for a loss that lasts 5 s', () => {
      const [first, latest] = [vi.fn(), vi.fn()];
      const { Parent } = page();
      const root = mount(h(Parent, { onLost: first }));
      welcome();
      act(() => sockets.last.end(1013));
      pass(4_999);
      root.render(h(Parent, { onLost: latest }));
      pass(1);
      expect(first).not.toHaveBeenCalled();
      expect(latest.mock.calls.map(([{ code }]) => code)).toEqual([1013]);
      pass(60_000);
      expect(latest).toHaveBeenCalledOnce();
      root.unmount();
      pass(60_000);
      expect(latest).toHaveBeenCalledOnce();
    });

    it('calls nobody for a room that the component has left', () => {
      const onLost = vi.fn();
      const { Parent } = page();
      const root = mount(h(Parent, { onLost }));
      welcome();
      act(() => sockets.last.end());
      root.render(h(Parent, { onLost, at: 'other' }));
      expect(root.html()).toBe('<p>false false undefined</p>');
      welcome();
      pass(10_000);
      expect(onLost).not.toHaveBeenCalled();
      expect(root.html()).toBe('<p>true false undefined</p>');
    });
  });
}
