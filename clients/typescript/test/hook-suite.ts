/** What both hooks promise of what a component gets, and when it renders. Each framework runs all of it; see `preact.test.ts` and `react.test.ts`. */
import { describe, expect, it, vi } from 'vitest';
import { stage, type Renderer, type View } from './support/stage.js';

export function hookSuite(name: string, renderer: Renderer): void {
  const { h, mount, act, useRoom, useMember } = renderer;
  const { sockets, ref, options, probe, receive, update, join, leave, welcome } = stage(renderer);

  describe(name, () => {
    it('joins when it is mounted and leaves when it is unmounted', () => {
      const { Probe } = probe((room) => [room.status, room.memberIds, room.self]);
      const root = mount(h(Probe));
      expect(root.html()).toBe('<p>["connecting",[],null]</p>');
      expect(sockets.all).toHaveLength(1);
      welcome();
      expect(root.html()).toBe('<p>["open",["me","you"],{"id":"me"}]</p>');
      root.unmount();
      expect(sockets.last.closes).toEqual([]);
      vi.advanceTimersByTime(100);
      expect(sockets.last.frames).toEqual([{ t: 'bye' }]);
      expect(sockets.last.closes).toEqual([[1000, '']]);
    });

    it('gives these fields and no others', () => {
      const { seen, Probe } = probe(() => 0);
      mount(h(Probe));
      const promised = ['send', 'setPresence', 'members', 'self', 'status', 'close', 'closeInfo'];
      const beyond = ['updatePresence', 'reconnect', 'memberIds', 'member', 'others'];
      expect(Object.keys(seen.room).sort()).toEqual([...promised, ...beyond].sort());
    });

    it('goes through these states, and has these values in them', () => {
      const shown: unknown[] = [];
      const { seen, Probe } = probe(({ status, self, closeInfo, memberIds }) => {
        shown.push([status, self?.id, closeInfo?.code, memberIds.length]);
      });
      mount(h(Probe));
      welcome();
      act(() => sockets.last.end());
      act(() => void vi.advanceTimersByTime(375));
      welcome();
      act(() => seen.room.close(4001, 'done'));
      act(() => sockets.last.end(4001, 'done', true));
      expect(shown).toEqual([
        ['connecting', undefined, undefined, 0],
        ['open', 'me', undefined, 2],
        ['reconnecting', 'me', 1006, 2],
        ['open', 'me', 1006, 2],
        ['closing', 'me', 1006, 2],
        ['closed', undefined, 4001, 0],
      ]);
    });

    it('works as a method of the reference and as a function', () => {
      const Method = () => h('p', null, ref.useRoom(options()).status);
      const plain = { module: 'board', name: 'cursors' };
      const Free = () => h('p', null, useRoom(plain, options() as object).status);
      const root = mount(h('div', null, h(Method), h(Free)));
      expect(sockets.all).toHaveLength(1);
      welcome();
      expect(root.html()).toBe('<div><p>open</p><p>open</p></div>');
    });

    describe('renders again only for what was read', () => {
      const cases: [string, (room: View) => unknown, Record<string, number>][] = [
        ['nothing', () => 0, { update: 0, own: 0, join: 0, leave: 0, lost: 0 }],
        ['status', (room) => room.status, { update: 0, own: 0, join: 0, leave: 0, lost: 1 }],
        ['closeInfo', (room) => room.closeInfo, { update: 0, own: 0, join: 0, leave: 0, lost: 1 }],
        ['members', (room) => room.members, { update: 1, own: 1, join: 1, leave: 1, lost: 0 }],
        ['memberIds', (room) => room.memberIds, { update: 0, own: 0, join: 1, leave: 1, lost: 0 }],
        ['self', (room) => room.self, { update: 0, own: 1, join: 0, leave: 0, lost: 0 }],
        ['others', (room) => room.others, { update: 1, own: 0, join: 1, leave: 1, lost: 0 }],
        [
          'member',
          (room) => room.member('you').get(),
          { update: 0, own: 0, join: 0, leave: 0, lost: 0 },
        ],
      ];
      const changes: Record<string, () => void> = {
        update: () => update('you', 1),
        own: () => update('me', 1),
        join: () => join('they'),
        leave: () => leave('they'),
        lost: () => act(() => sockets.last.end()),
      };

      it.each(cases)('%s', (_, show, expected) => {
        const { seen, Probe } = probe(show);
        mount(h(Probe));
        welcome();
        const counted: Record<string, number> = {};
        for (const [what, change] of Object.entries(changes)) {
          const before = seen.renders;
          change();
          counted[what] = seen.renders - before;
        }
        expect(counted).toEqual(expected);
      });

      it('and never for a message', () => {
        const onMessage = vi.fn();
        const { seen, Probe } = probe((room) => ({ ...room }), { onMessage });
        mount(h(Probe));
        welcome();
        const before = seen.renders;
        receive({ t: 'msg', from: 'you', msg: 'hi' });
        expect(onMessage).toHaveBeenCalledExactlyOnceWith('hi', 'you');
        expect(seen.renders).toBe(before);
      });

      it('and not for an update that says what is known', () => {
        const { seen, Probe } = probe((room) => ({ ...room }));
        mount(h(Probe));
        welcome({ id: 'me' }, { id: 'you', state: { x: 1 } });
        const before = seen.renders;
        const { members, others } = seen.room;
        update('you', 1);
        expect(seen.renders).toBe(before);
        expect(seen.room.members).toBe(members);
        expect(seen.room.others).toBe(others);
      });

      it('once for all that one batch changes', () => {
        const { seen, Probe } = probe((room) => [room.members, room.self, room.memberIds]);
        mount(h(Probe));
        welcome();
        const before = seen.renders;
        receive([
          { t: 'presence', op: 'join', from: 'they' },
          { t: 'presence', op: 'update', from: 'me', state: { x: 1 } },
        ]);
        expect(seen.renders).toBe(before + 1);
      });

      it('not for joining a room that is not open yet', () => {
        const { seen, Probe } = probe((room) => ({ ...room }));
        mount(h(Probe));
        expect(seen.renders).toBe(1);
      });

      it('not for a reconnect that changes nobody', () => {
        const { seen, Probe } = probe((room) => [room.members, room.self, room.others]);
        mount(h(Probe));
        welcome();
        const before = seen.renders;
        act(() => sockets.last.end());
        act(() => void vi.advanceTimersByTime(375));
        welcome();
        expect(sockets.all).toHaveLength(2);
        expect(seen.renders).toBe(before);
      });
    });

    it('gives an object that changes exactly when something that was read does', () => {
      const { seen, Probe } = probe((room) => room.memberIds);
      const root = mount(h(Probe));
      welcome();
      const { room } = seen;
      root.render(h(Probe, { title: 'again' }));
      expect(seen.room).toBe(room);
      join('they');
      expect(seen.room).not.toBe(room);
      expect(seen.room.send).toBe(room.send);
      expect(seen.room.setPresence).toBe(room.setPresence);
      expect(seen.room.updatePresence).toBe(room.updatePresence);
      expect(seen.room.reconnect).toBe(room.reconnect);
      expect(seen.room.close).toBe(room.close);
      expect(seen.room.member).toBe(room.member);
    });

    it('a row with a member of its own renders alone', () => {
      const renders: Record<string, number> = { list: 0, me: 0, you: 0 };
      function Row({ of }: { of: ReturnType<View['member']> }) {
        renders[of.id] = (renders[of.id] ?? 0) + 1;
        const member = useMember(of);
        return h('li', null, `${of.id} ${member?.state?.x}`);
      }
      function List() {
        renders.list!++;
        const { memberIds, member } = useRoom(ref, options());
        return h('ul', null, ...memberIds.map((id) => h(Row, { key: id, of: member(id) })));
      }
      const root = mount(h(List));
      welcome();
      const before = { ...renders };
      update('you', 5);
      expect(root.html()).toBe('<ul><li>me undefined</li><li>you 5</li></ul>');
      expect(renders).toEqual({ ...before, you: before.you! + 1 });
      leave('you');
      expect(root.html()).toBe('<ul><li>me undefined</li></ul>');
      expect(renders).toEqual({
        ...before,
        list: before.list! + 1,
        you: before.you! + 1,
        me: renders.me,
      });
    });

    it('a row may wait for its member', () => {
      const Row = () => {
        const { member } = useRoom(ref, options());
        return h('p', null, `${useMember(member('later'))?.id}`);
      };
      const root = mount(h(Row));
      expect(root.html()).toBe('<p>undefined</p>');
      welcome();
      join('later');
      expect(root.html()).toBe('<p>later</p>');
      leave('later');
      expect(root.html()).toBe('<p>undefined</p>');
    });

    it('calls the latest callbacks, and does not reconnect for new ones', () => {
      const heard: unknown[] = [];
      const { Probe } = probe(() => 0);
      const callbacks = (n: number) => ({
        onOpen: () => heard.push(['open', n]),
        onMessage: (message: unknown) => heard.push([message, n]),
        onClose: () => heard.push(['close', n]),
        shouldReconnect: () => Boolean(heard.push(['again', n])),
        reconnect: { minDelay: n },
      });
      const root = mount(h(Probe, callbacks(1)));
      root.render(h(Probe, callbacks(2)));
      welcome();
      root.render(h(Probe, callbacks(3)));
      receive({ t: 'msg', from: 'you', msg: 'hi' });
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

    it('reconnect makes another connection', () => {
      const { seen, Probe } = probe((room) => [room.status, room.memberIds]);
      const root = mount(h(Probe));
      welcome();
      act(() => seen.room.reconnect());
      expect(root.html()).toBe('<p>["reconnecting",["me","you"]]</p>');
      expect(sockets.all).toHaveLength(2);
      welcome();
      expect(root.html()).toBe('<p>["open",["me","you"]]</p>');
      root.unmount();
      vi.advanceTimersByTime(100);
      seen.room.reconnect();
      expect(sockets.all).toHaveLength(2);
    });

    it('close ends it, tells why, and it does not come back', () => {
      const onClose = vi.fn();
      const { seen, Probe } = probe((room) => [room.status, room.closeInfo?.code], { onClose });
      const root = mount(h(Probe));
      welcome();
      act(() => seen.room.close(4001, 'done'));
      expect(root.html()).toBe('<p>["closing",null]</p>');
      act(() => sockets.last.end(4001, 'done', true));
      expect(root.html()).toBe('<p>["closed",4001]</p>');
      expect(onClose).toHaveBeenCalledOnce();
      root.render(h(Probe, { title: 'again' }));
      vi.advanceTimersByTime(60_000);
      expect(sockets.all).toHaveLength(1);
    });
  });
}
