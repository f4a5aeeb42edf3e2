/** What both hooks promise of the users in a room. Each framework runs all of it; see `preact.test.ts` and `react.test.ts`. */
import { describe, expect, it, vi } from 'vitest';
import { joinRoom, type User } from '../src/index.js';
import { stage, type Renderer, type View } from './support/stage.js';

export function usersSuite(name: string, renderer: Renderer): void {
  const { h, mount, act, useRoom, useUsers } = renderer;
  const { sockets, ref, options, receive, update, join, leave, welcome } = stage(renderer);
  const pass = (ms: number) => act(() => void vi.advanceTimersByTime(ms));
  const text = (users: readonly User[]) =>
    users.map(({ user, members, away }) => `${user}:${members}${away ? '?' : ''}`).join(' ');

  /** A page whose one child shows the users of its room. */
  function page() {
    const renders = { parent: 0, child: 0 };
    const seen: (readonly User[])[] = [];
    function Child({ room }: { room: View }) {
      renders.child++;
      const users = useUsers(room);
      seen.push(users);
      return h('p', null, text(users));
    }
    function Parent({ at = 'main', ...more }: { at?: string; enabled?: boolean }) {
      renders.parent++;
      return h(Child, { room: useRoom(ref, options({ key: { boardId: at }, ...more })) });
    }
    return { renders, seen, Parent };
  }
  const everybody = [
    { id: 'me', user: 'ann' },
    { id: 'b1', user: 'bob', state: { x: 1 } },
    { id: 'nobody' },
    { id: 'b2', user: 'bob' },
  ];

  describe(`${name}: useUsers`, () => {
    it('renders when somebody comes, is away, is back or goes, and at no other time', () => {
      const { renders, Parent } = page();
      const root = mount(h(Parent));
      expect(root.html()).toBe('<p></p>');
      welcome(...everybody);
      expect(root.html()).toBe('<p>ann:me bob:b1,b2</p>');
      const before = { ...renders };
      for (let x = 2; x < 20; x++) {
        update('b1', x);
        update('me', x);
        update('nobody', x);
      }
      join('another nobody');
      leave('nobody');
      receive({ t: 'presence', op: 'away', from: 'b1' });
      expect(renders).toEqual(before);
      receive({ t: 'presence', op: 'away', from: 'b2' });
      expect(root.html()).toBe('<p>ann:me bob:b1,b2?</p>');
      update('b1', 20);
      expect(root.html()).toBe('<p>ann:me bob:b1,b2</p>');
      join('c', { user: 'carl' });
      expect(root.html()).toBe('<p>ann:me bob:b1,b2 carl:c</p>');
      leave('b1');
      expect(root.html()).toBe('<p>ann:me bob:b2? carl:c</p>');
      expect(renders).toEqual({ ...before, child: before.child + 4 });
    });

    it('keeps who has not changed, and the whole list, when it renders for something else', () => {
      const { seen, Parent } = page();
      const root = mount(h(Parent));
      welcome(...everybody);
      const [kept] = seen.slice(-1);
      update('b1', 5);
      root.render(h(Parent, { title: 'again' }));
      expect(seen.at(-1)).toBe(kept);
      join('c', { user: 'carl' });
      expect(
        seen
          .at(-1)!
          .slice(0, 2)
          .map((user, i) => user === kept![i]),
      ).toEqual([true, true]);
    });

    it('lists who reloads its only tab all the time, where it was', () => {
      const { seen, Parent } = page();
      const root = mount(h(Parent));
      welcome({ id: 'b1', user: 'bob' }, ...everybody.slice(0, 1));
      const from = seen.length;
      leave('b1');
      pass(1_999);
      join('b2', { user: 'bob' });
      pass(60_000);
      expect(root.html()).toBe('<p>bob:b2 ann:me</p>');
      expect(seen.slice(from).map(text)).toEqual(['bob: ann:me', 'bob:b2 ann:me']);
    });

    it('takes out who does not come back, 2 s later', () => {
      const { Parent } = page();
      const root = mount(h(Parent));
      welcome(...everybody.slice(0, 2));
      leave('b1');
      pass(1_999);
      expect(root.html()).toBe('<p>ann:me bob:</p>');
      pass(1);
      expect(root.html()).toBe('<p>ann:me</p>');
    });

    it('has nobody in another room, in one that is left, and in one that has closed', () => {
      const { seen, Parent } = page();
      const root = mount(h(Parent));
      welcome(...everybody.slice(0, 2));
      seen.length = 0;
      root.render(h(Parent, { at: 'other' }));
      expect(root.html()).toBe('<p></p>');
      expect(seen.map(text)).not.toContain('ann:me bob:b1');
      welcome({ id: 'me', user: 'ann' }, { id: 'c', user: 'carl' });
      expect(root.html()).toBe('<p>ann:me carl:c</p>');
      root.render(h(Parent, { at: 'other', enabled: false }));
      expect(root.html()).toBe('<p></p>');
      root.render(h(Parent, { at: 'third' }));
      welcome(...everybody.slice(0, 2));
      leave('b1');
      expect(root.html()).toBe('<p>ann:me bob:</p>');
      act(() => sockets.last.end(4403));
      expect(root.html()).toBe('<p></p>');
    });

    it('reads a room that no hook has joined, and holds no timer when it goes', () => {
      const room = joinRoom(ref, options());
      const Page = () => h('p', null, text(useUsers(room)));
      const root = mount(h(Page));
      welcome(...everybody);
      expect(root.html()).toBe('<p>ann:me bob:b1,b2</p>');
      const timers = vi.getTimerCount();
      leave('b1');
      leave('b2');
      expect(vi.getTimerCount()).toBe(timers + 1);
      root.unmount();
      expect(vi.getTimerCount()).toBe(timers);
      room.leave();
    });
  });
}
