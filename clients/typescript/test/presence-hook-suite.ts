/** What both hooks promise of a presence that is set from the previous one. Each framework runs all of it; see `preact.test.ts` and `react.test.ts`. */
import { describe, expect, it, vi } from 'vitest';
import { stage, type Renderer, type View } from './support/stage.js';

export function presenceHookSuite(name: string, renderer: Renderer): void {
  const { h, mount, useRoom, useEffect } = renderer;
  const { sockets, ref, options, probe, welcome } = stage(renderer);
  const frames = () => sockets.last.frames;
  const presence = (state: unknown) => ({ t: 'presence', state });

  /** A component whose child does something to its room in its first effect, before the room is joined. */
  function withChild(act: (room: View) => void, more: object = {}) {
    const Child = ({ room }: { room: View }) => {
      useEffect(() => act(room), []);
      return null;
    };
    return () => h(Child, { room: useRoom(ref, options(more)) });
  }

  describe(`${name}: a presence made of the previous one`, () => {
    it('goes on from the last one that was set', () => {
      const { seen, Probe } = probe(() => 0, { presence: { x: 1, name: 'a' } });
      mount(h(Probe));
      seen.room.updatePresence({ x: 2 });
      seen.room.setPresence((previous) => ({ x: previous!.x + 1, name: `${previous?.name}!` }));
      welcome();
      expect(frames()).toEqual([presence({ x: 3, name: 'a!' })]);
    });

    it('goes on from the option in a child’s first effect', () => {
      const Parent = withChild((room) => room.updatePresence({ x: 3 }), {
        presence: { x: 0, name: 'Me' },
      });
      mount(h(Parent));
      welcome();
      expect(frames()).toEqual([presence({ x: 3, name: 'Me' })]);
    });

    it('goes on from what another component has set, in a child’s first effect too', () => {
      const { seen, Probe } = probe(() => 0, { presence: { x: 0, name: 'Me' } });
      mount(h(Probe));
      welcome();
      seen.room.setPresence({ x: 5, name: 'Me' });
      mount(h(withChild((room) => room.updatePresence({ name: 'You' }))));
      vi.advanceTimersByTime(1_000);
      expect(sockets.all).toHaveLength(1);
      expect(frames().at(-1)).toEqual(presence({ x: 5, name: 'You' }));
    });

    it('waits while it is not enabled, as it was when it was made', () => {
      const { seen, Probe } = probe(() => 0, { presence: { x: 1, name: 'a' } });
      const root = mount(h(Probe, { enabled: false }));
      const patch = { x: 2 };
      seen.room.updatePresence(patch);
      patch.x = 3;
      seen.room.setPresence((previous) => ({ ...previous!, x: previous!.x * 10 }));
      root.render(h(Probe, { enabled: true }));
      welcome();
      expect(frames()).toEqual([presence({ x: 20, name: 'a' })]);
    });

    it('is nothing to a state that is set after it', () => {
      const { seen, Probe } = probe(() => 0, { presence: { x: 1 } });
      const root = mount(h(Probe, { enabled: false }));
      const change = vi.fn((previous) => previous);
      seen.room.setPresence(change);
      seen.room.setPresence({ x: 9 });
      root.render(h(Probe, { enabled: true }));
      welcome();
      expect(frames()).toEqual([presence({ x: 9 })]);
      expect(change).not.toHaveBeenCalled();
    });

    it('is bounded while it waits', () => {
      const onError = vi.fn();
      const { seen, Probe } = probe(() => 0, { presence: { x: 0 }, onError });
      const root = mount(h(Probe, { enabled: false }));
      const right = () => seen.room.setPresence((previous) => ({ x: previous!.x + 1 }));
      for (let i = 0; i < 257; i++) right();
      expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['queue_full']);
      root.render(h(Probe, { enabled: true }));
      welcome();
      expect(frames()).toEqual([presence({ x: 256 })]);
    });

    it('that throws is told to onError and changes nothing', () => {
      const onError = vi.fn();
      const { seen, Probe } = probe(() => 0, { presence: { x: 1 }, onError });
      mount(h(Probe));
      seen.room.setPresence(() => {
        throw new Error('mine');
      });
      welcome();
      expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['callback_failed']);
      expect(frames()).toEqual([presence({ x: 1 })]);
    });
  });
}
