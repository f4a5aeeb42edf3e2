/** What both hooks promise of rooms that are joined, left and shared. Each framework runs all of it; see `preact.test.ts` and `react.test.ts`. */
import { describe, expect, it, vi } from 'vitest';
import type { RoomError } from '../src/index.js';
import { stage, type Renderer, type View } from './support/stage.js';

export function placeSuite(name: string, renderer: Renderer): void {
  const { h, mount, act, useRoom, useMember, useEffect } = renderer;
  const { sockets, ref, options, probe, welcome } = stage(renderer);

  describe(`${name}: from room to room`, () => {
    describe('another key', () => {
      it('is another room, and nothing of the old one is ever shown for it', () => {
        const shown: unknown[] = [];
        function Probe({ boardId }: { boardId: string }) {
          const { status, memberIds } = useRoom(ref, options({ key: { boardId } }));
          shown.push([boardId, status, memberIds.length]);
          return h('p', null, `${boardId} ${status} ${memberIds.join()}`);
        }
        const root = mount(h(Probe, { boardId: 'one' }));
        welcome();
        expect(root.html()).toBe('<p>one open me,you</p>');
        root.render(h(Probe, { boardId: 'two' }));
        expect(root.html()).toBe('<p>two connecting </p>');
        expect(sockets.all).toHaveLength(2);
        expect(decodeURIComponent(sockets.last.url)).toContain('{"boardId":"two"}');
        expect(shown).not.toContainEqual(['two', 'open', 2]);
        vi.advanceTimersByTime(100);
        expect(sockets.all[0]!.closes).toEqual([[1000, '']]);
        welcome({ id: 'me' });
        expect(root.html()).toBe('<p>two open me</p>');
      });

      it('has a state and messages of its own, whenever they are set and sent', () => {
        // Its effects run before those of the room's hook: between leaving the one room and joining the other.
        const Child = ({ room, boardId }: { room: View; boardId: string }) => {
          useEffect(() => {
            room.setPresence({ x: boardId.length });
            room.send(boardId);
          }, [boardId]);
          return null;
        };
        const rooms: View[] = [];
        const heard: string[] = [];
        const onError = ({ code }: RoomError) => heard.push(code);
        function Parent({ boardId }: { boardId: string }) {
          const room = useRoom(ref, options({ key: { boardId }, presence: { x: 0 }, onError }));
          rooms.push(room);
          return h(Child, { room, boardId });
        }
        const said = (boardId: string) => [
          { t: 'presence', state: { x: boardId.length } },
          { t: 'msg', msg: boardId },
        ];
        const root = mount(h(Parent, { boardId: 'one' }));
        welcome();
        root.render(h(Parent, { boardId: 'three' }));
        welcome();
        expect(sockets.all[0]!.frames).toEqual(said('one'));
        expect(sockets.all[1]!.frames).toEqual(said('three'));
        // What still holds the functions of the old room reaches the new one by none of them.
        vi.advanceTimersByTime(100);
        rooms[0]!.setPresence({ x: 99 });
        expect(heard).toEqual([]);
        act(() => rooms[0]!.send('late'));
        expect(heard).toEqual(['closed']);
        rooms[0]!.close();
        expect(sockets.all[1]!.frames).toEqual(said('three'));
        expect(rooms.at(-1)!.status).toBe('open');
      });

      it('and back again begins as the first time', () => {
        let room: View | undefined;
        const Probe = ({ boardId }: { boardId: string }) => {
          room = useRoom(ref, options({ key: { boardId }, presence: { x: 0 } }));
          return null;
        };
        const root = mount(h(Probe, { boardId: 'one' }));
        welcome();
        room!.setPresence({ x: 7 });
        root.render(h(Probe, { boardId: 'two' }));
        vi.advanceTimersByTime(100);
        root.render(h(Probe, { boardId: 'one' }));
        welcome();
        expect(sockets.all).toHaveLength(3);
        expect(sockets.last.frames).toEqual([{ t: 'presence', state: { x: 0 } }]);
      });

      it('begins with the presence of the options, not with what was set elsewhere', () => {
        let room: View | undefined;
        function Probe({ boardId }: { boardId: string }) {
          room = useRoom(ref, options({ key: { boardId }, presence: { x: 0 } }));
          return null;
        }
        const root = mount(h(Probe, { boardId: 'one' }));
        welcome();
        room!.setPresence({ x: 7 });
        root.render(h(Probe, { boardId: 'two' }));
        welcome();
        expect(sockets.last.frames).toEqual([{ t: 'presence', state: { x: 0 } }]);
      });
    });

    it('stays where it is when only the order of the key’s params differs', () => {
      const two = renderer.room<{ key: { a: string; b: string } }>('m', 'two');
      const Probe = ({ swap }: { swap?: boolean }) => {
        const key = swap ? { b: '2', a: '1' } : { a: '1', b: '2' };
        return h('p', null, useRoom(two, { ...options(), key } as never).status);
      };
      const root = mount(h(Probe));
      root.render(h(Probe, { swap: true }));
      expect(sockets.all).toHaveLength(1);
    });

    it('stays where it is when a param is empty that was absent', () => {
      const one = renderer.room<{ key: { a?: string } }>('m', 'one');
      const Probe = ({ a }: { a?: string }) => {
        const key = a === undefined ? {} : { a };
        return h('p', null, useRoom(one, { ...options(), key } as never).status);
      };
      const root = mount(h(Probe));
      root.render(h(Probe, { a: '' }));
      expect(sockets.all).toHaveLength(1);
      root.render(h(Probe, { a: '0' }));
      expect(sockets.all).toHaveLength(2);
    });

    it('asks the credentials of the latest render at each attempt, and those of a component that is just moving', async () => {
      const { Probe } = probe((room) => room.status);
      const root = mount(h(Probe, { credentials: 'one' }));
      root.render(h(Probe, { credentials: 'two' }));
      const offers = () => sockets.last.protocols[1];
      expect(offers()).toBe('roomful.auth.b25l');
      act(() => sockets.last.end());
      act(() => void vi.advanceTimersByTime(375));
      expect(offers()).toBe('roomful.auth.dHdv');
      act(() => sockets.last.end());
      act(() => void vi.advanceTimersByTime(600));
      root.unmount();
      act(() => void vi.advanceTimersByTime(99));
      expect([sockets.all.length, offers()]).toEqual([3, 'roomful.auth.dHdv']);
    });

    it('sends presence at the first open, and the last one after a reconnect', () => {
      const { seen, Probe } = probe(() => 0, { presence: { x: 0 } });
      mount(h(Probe));
      welcome();
      expect(sockets.last.frames).toEqual([{ t: 'presence', state: { x: 0 } }]);
      seen.room.setPresence({ x: 8 });
      act(() => sockets.last.end());
      act(() => void vi.advanceTimersByTime(375));
      welcome();
      expect(sockets.last.frames).toEqual([{ t: 'presence', state: { x: 8 } }]);
    });

    it('a presence prop that changes changes nothing: it is what there is to begin with', () => {
      const { seen, Probe } = probe((room) => room.status);
      const root = mount(h(Probe, { presence: { x: 1 } }));
      root.render(h(Probe, { presence: { x: 2 } }));
      welcome();
      root.render(h(Probe, { presence: { x: 3 } }));
      expect(sockets.last.frames).toEqual([{ t: 'presence', state: { x: 1 } }]);
      act(() => sockets.last.end());
      act(() => void vi.advanceTimersByTime(375));
      welcome();
      expect(sockets.last.frames).toEqual([{ t: 'presence', state: { x: 1 } }]);
      seen.room.setPresence({ x: 9 });
      root.render(h(Probe, { presence: { x: 4 }, at: 'other' }));
      welcome();
      expect(sockets.last.frames).toEqual([{ t: 'presence', state: { x: 4 } }]);
    });

    it('a presence to begin with that cannot be sent is reported', () => {
      const onError = vi.fn();
      const { Probe } = probe(() => 0, { onError, presence: 1n });
      mount(h(Probe));
      expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['bad_presence']);
    });

    it('says so when something is sent after the component has gone', () => {
      const onError = vi.fn();
      const { seen, Probe } = probe(() => 0, { onError });
      const root = mount(h(Probe));
      root.unmount();
      seen.room.send('late');
      vi.advanceTimersByTime(100);
      seen.room.send('later');
      expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['closed', 'closed']);
    });

    describe('two components', () => {
      it('in two roots share a connection until both have gone', () => {
        const one = probe((room) => room.memberIds);
        const two = probe((room) => room.memberIds);
        const first = mount(h(one.Probe));
        welcome();
        const second = mount(h(two.Probe));
        expect(second.html()).toBe('<p>["me","you"]</p>');
        expect(sockets.all).toHaveLength(1);
        first.unmount();
        vi.advanceTimersByTime(1_000);
        expect(sockets.last.closes).toEqual([]);
        second.unmount();
        vi.advanceTimersByTime(100);
        expect(sockets.last.closes).toHaveLength(1);
      });

      it('that both begin with a presence: the later one changes nothing that was set', () => {
        const one = probe(() => 0, { presence: { x: 1 } });
        const two = probe(() => 0, { presence: { x: 2 } });
        const first = mount(h(one.Probe));
        welcome();
        one.seen.room.setPresence({ x: 5 });
        vi.advanceTimersByTime(34);
        const second = mount(h(two.Probe));
        two.seen.room.setPresence({ x: 6 });
        // Whose effects run again comes back with what it set before; the other has set something since.
        first.render(h(one.Probe, { enabled: false }));
        vi.advanceTimersByTime(1_000);
        first.render(h(one.Probe, { enabled: true }));
        second.render(h(two.Probe, { title: 'again' }));
        expect(sockets.all).toHaveLength(1);
        expect(sockets.last.frames).toEqual(
          [1, 5, 6].map((x) => ({ t: 'presence', state: { x } })),
        );
      });

      it('with share: false have one each', () => {
        const { Probe } = probe(() => 0, { share: false });
        mount(h('div', null, h(Probe), h(Probe)));
        expect(sockets.all).toHaveLength(2);
      });
    });

    it('rows of the old room let go when the key changes', () => {
      let binding: ReturnType<View['member']> | undefined;
      const Row = () => h('i', null, `${useMember(binding!)?.id}`);
      const Board = ({ boardId }: { boardId: string }) => {
        const { member } = useRoom(ref, options({ key: { boardId } }));
        binding = member('you');
        return h(Row);
      };
      const root = mount(h(Board, { boardId: 'one' }));
      welcome();
      expect(root.html()).toBe('<i>you</i>');
      root.render(h(Board, { boardId: 'two' }));
      expect(root.html()).toBe('<i>undefined</i>');
    });
  });
}
