/** What both hooks promise of what is selected from the others. Each framework runs all of it; see `preact.test.ts` and `react.test.ts`. */
import { describe, expect, it, vi } from 'vitest';
import { joinRoom, type Member } from '../src/index.js';
import { stage, type Renderer, type View } from './support/stage.js';
import type { Cursor } from './support/rooms.js';

type Others = readonly Member<Cursor>[];

export function othersSuite(name: string, renderer: Renderer): void {
  const { h, mount, act, useRoom, useOthers, Boundary } = renderer;
  const { sockets, ref, options, receive, update, join, leave, welcome } = stage(renderer);

  /** A page whose one child selects from the others, and how often each renders. */
  function page(select: (others: Others) => unknown) {
    const renders = { parent: 0, child: 0 };
    const selected: unknown[] = [];
    function Child({ room, by }: { room: View; by?: (others: Others) => unknown }) {
      renders.child++;
      const value = useOthers(room, by ?? ((others) => select(others)));
      selected.push(value);
      return h('p', null, String(JSON.stringify(value)));
    }
    function Parent({ at = 'main', ...more }: { at?: string; by?: (others: Others) => unknown }) {
      renders.parent++;
      const room = useRoom(ref, options({ key: { boardId: at } }));
      return h(Child, { room, ...more });
    }
    return { renders, selected, Parent };
  }

  describe(`${name}: useOthers`, () => {
    it('renders when what is selected changes, and at no other time', () => {
      const { renders, Parent } = page((others) => others.length);
      const root = mount(h(Parent));
      expect(root.html()).toBe('<p>0</p>');
      welcome();
      expect(root.html()).toBe('<p>1</p>');
      const before = { ...renders };
      update('you', 1);
      update('me', 1);
      act(() => sockets.last.end());
      act(() => void vi.advanceTimersByTime(375));
      welcome({ id: 'me' }, { id: 'you', state: { x: 1 } });
      expect(renders).toEqual(before);
      join('they');
      expect(root.html()).toBe('<p>2</p>');
      leave('they');
      expect(root.html()).toBe('<p>1</p>');
      expect(renders).toEqual({ ...before, child: before.child + 2 });
    });

    it('compares what is selected by what it says, and keeps what says the same', () => {
      const { renders, selected, Parent } = page((others) =>
        others.map(({ id, state }) => ({ id, far: (state?.x ?? 0) > 10 })),
      );
      const root = mount(h(Parent));
      welcome();
      const before = { ...renders };
      for (let x = 1; x <= 10; x++) update('you', x);
      expect(renders).toEqual(before);
      update('you', 11);
      expect(root.html()).toBe('<p>[{"id":"you","far":true}]</p>');
      expect(renders.child).toBe(before.child + 1);
      const kept = selected.at(-1);
      root.render(h(Parent, { title: 'again' }));
      expect(renders.child).toBe(before.child + 2);
      expect(selected.at(-1)).toBe(kept);
    });

    it('does not take for equal what it cannot look into', () => {
      const { selected, Parent } = page((others) => ({
        byId: new Map(others.map(({ id, state }) => [id, state?.x])),
      }));
      mount(h(Parent));
      welcome();
      update('you', 5);
      expect(selected.at(-1)).toEqual({ byId: new Map([['you', 5]]) });
    });

    it('selects with the selector of the latest render', () => {
      const { Parent } = page(() => 0);
      const at = (i: number) => (others: Others) => others[i]?.id ?? null;
      const root = mount(h(Parent, { by: at(0) }));
      welcome({ id: 'me' }, { id: 'a' }, { id: 'b' });
      expect(root.html()).toBe('<p>"a"</p>');
      root.render(h(Parent, { by: at(1) }));
      expect(root.html()).toBe('<p>"b"</p>');
      leave('a');
      expect(root.html()).toBe('<p>null</p>');
    });

    it('sees at once who is there already', () => {
      const shown: unknown[] = [];
      const Late = ({ room }: { room: View }) => {
        shown.push(useOthers(room, (others) => others.map(({ id }) => id)));
        return null;
      };
      const Page = ({ late }: { late?: boolean }) => {
        const room = useRoom(ref, options());
        return late ? h(Late, { room }) : null;
      };
      const root = mount(h(Page));
      welcome();
      root.render(h(Page, { late: true }));
      expect(shown).toEqual([['you']]);
      root.unmount();
      expect(shown).toEqual([['you']]);
    });

    it('in the component that joins the room, too', () => {
      let renders = 0;
      const Page = () => {
        renders++;
        return h(
          'p',
          null,
          useOthers(useRoom(ref, options()), (others) => others.length),
        );
      };
      const root = mount(h(Page));
      welcome();
      expect(root.html()).toBe('<p>1</p>');
      const before = renders;
      update('you', 1);
      expect(renders).toBe(before);
      join('they');
      expect(renders).toBe(before + 1);
    });

    it('follows to another room, and shows nobody of the old one there', () => {
      const { selected, Parent } = page((others) => others.map(({ id }) => id));
      const root = mount(h(Parent));
      welcome();
      selected.length = 0;
      root.render(h(Parent, { at: 'other' }));
      expect(root.html()).toBe('<p>[]</p>');
      expect(selected).not.toContainEqual(['you']);
      welcome({ id: 'me' }, { id: 'they' });
      expect(root.html()).toBe('<p>["they"]</p>');
    });

    it('selects from a room that no hook has joined', () => {
      const room = joinRoom(ref, options());
      const Page = () =>
        h(
          'p',
          null,
          useOthers(room, (others) => others.length),
        );
      const root = mount(h(Page));
      welcome();
      expect(root.html()).toBe('<p>1</p>');
      root.unmount();
      join('they');
      expect(root.html()).toBe('');
      room.leave();
    });

    it('throws what a selector throws to whoever catches errors of its component', () => {
      const { Parent } = page((others) => others[0]?.state!.x ?? 0);
      const fine = page((others) => others.length);
      const guarded = h(Boundary, null, h(Parent));
      const root = mount(h('div', null, guarded, h(fine.Parent)));
      expect(root.html()).toBe('<div><p>0</p><p>0</p></div>');
      const log = vi.mocked(console.error);
      welcome({ id: 'me' }, { id: 'you' });
      expect(root.html()).toBe('<div>caught<p>1</p></div>');
      log.mockClear();
      receive({ t: 'presence', op: 'join', from: 'they' });
      expect(root.html()).toBe('<div>caught<p>2</p></div>');
    });
  });
}
