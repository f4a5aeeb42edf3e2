/** What both hooks promise of rooms that are joined, left and joined again: by a key, by `enabled`, by effects. Each framework runs all of it; see `preact.test.ts` and `react.test.ts`. */
import { describe, expect, it, vi } from 'vitest';
import type { RoomError } from '../src/index.js';
import { microtasks } from './support/rooms.js';
import { stage, type Renderer, type View } from './support/stage.js';

export function placeSuite(name: string, renderer: Renderer): void {
  const { h, mount, act, useRoom, useMember, useEffect } = renderer;
  const { sockets, ref, options, probe, receive, welcome } = stage(renderer);

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

    it('a presence to begin with is that of the render that is enabled', () => {
      const { Probe } = probe(() => 0);
      const root = mount(h(Probe, { enabled: false, presence: { x: 1 } }));
      root.render(h(Probe, { enabled: true, presence: { x: 2 } }));
      welcome();
      expect(sockets.last.frames).toEqual([{ t: 'presence', state: { x: 2 } }]);
    });

    it('a presence to begin with that cannot be sent is reported', () => {
      const onError = vi.fn();
      const { Probe } = probe(() => 0, { onError, presence: 1n });
      mount(h(Probe));
      expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['bad_presence']);
    });

    it('a parent’s room takes what a child sends in its first effect', () => {
      const Child = ({ room }: { room: View }) => {
        useEffect(() => {
          room.send('first');
          room.setPresence({ x: 3 });
        }, []);
        return null;
      };
      const Parent = () => h(Child, { room: useRoom(ref, options({ presence: { x: 0 } })) });
      mount(h(Parent));
      welcome();
      expect(sockets.last.frames).toEqual([
        { t: 'presence', state: { x: 3 } },
        { t: 'msg', msg: 'first' },
      ]);
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

    describe('enabled', () => {
      it('false does not connect, and turns on and off', () => {
        const { seen, Probe } = probe((room) => [room.status, room.memberIds]);
        const root = mount(h(Probe, { enabled: false }));
        expect(root.html()).toBe('<p>["closed",[]]</p>');
        expect(seen.renders).toBe(1);
        expect(sockets.all).toEqual([]);
        root.render(h(Probe, { enabled: true }));
        expect(root.html()).toBe('<p>["connecting",[]]</p>');
        welcome({ id: 'me' });
        expect(root.html()).toBe('<p>["open",["me"]]</p>');
        root.render(h(Probe, { enabled: false }));
        expect(root.html()).toBe('<p>["closed",[]]</p>');
        vi.advanceTimersByTime(100);
        expect(sockets.last.closes).toEqual([[1000, '']]);
        expect(sockets.all).toHaveLength(1);
      });
    });

    describe('what is sent and set while it is not enabled', () => {
      const frames = () => sockets.last.frames;
      const state = (x: number) => ({ t: 'presence', state: { x } });

      it('goes out when it is', () => {
        const { seen, Probe } = probe(() => 0, { presence: { x: 0 } });
        const root = mount(h(Probe, { enabled: false }));
        seen.room.send('one');
        seen.room.setPresence({ x: 1 });
        seen.room.setPresence({ x: 2 });
        seen.room.send('two');
        vi.advanceTimersByTime(10_000);
        expect(sockets.all).toEqual([]);
        root.render(h(Probe, { enabled: true }));
        welcome();
        expect(frames()).toEqual([state(2), { t: 'msg', msg: 'one' }, { t: 'msg', msg: 'two' }]);
      });

      it('goes out after it was for a while, too', () => {
        const { seen, Probe } = probe(() => 0, { presence: { x: 0 } });
        const root = mount(h(Probe));
        welcome();
        root.render(h(Probe, { enabled: false }));
        vi.advanceTimersByTime(1_000);
        expect(sockets.last.closes).toHaveLength(1);
        seen.room.send('one');
        seen.room.setPresence({ x: 1 });
        root.render(h(Probe, { enabled: true }));
        welcome();
        expect(sockets.all).toHaveLength(2);
        expect(frames()).toEqual([state(1), { t: 'msg', msg: 'one' }]);
        root.render(h(Probe, { enabled: false }));
        vi.advanceTimersByTime(1_000);
        root.render(h(Probe, { enabled: true }));
        welcome();
        expect(frames()).toEqual([state(1)]);
      });

      it('is as it was when it was sent', () => {
        const { seen, Probe } = probe(() => 0);
        const root = mount(h(Probe, { enabled: false }));
        const presence = { x: 1 };
        seen.room.setPresence(presence);
        presence.x = 2;
        root.render(h(Probe, { enabled: true }));
        welcome();
        expect(frames()).toEqual([state(1)]);
      });

      it('is bounded, and refused with a word to onError', () => {
        const onError = vi.fn();
        const { seen, Probe } = probe(() => 0, { onError });
        const root = mount(h(Probe, { enabled: false }));
        for (let i = 0; i < 256; i++) seen.room.send(`${i}`);
        seen.room.send('more');
        seen.room.send(1n as never);
        seen.room.setPresence(1n as never);
        const codes = ['queue_full', 'bad_message', 'bad_presence'];
        expect(onError.mock.calls.map(([error]) => error.code)).toEqual(codes);
        root.render(h(Probe, { enabled: true }));
        welcome();
        expect(frames()).toHaveLength(256);
        seen.room.send('x'.repeat(60_000));
        root.render(h(Probe, { enabled: false }));
        const half = 'x'.repeat(600_000);
        seen.room.send(half);
        seen.room.send(half);
        expect(onError.mock.calls.map(([error]) => error.code)).toEqual([...codes, 'queue_full']);
      });

      it('goes to no other room', () => {
        const { seen, Probe } = probe(() => 0, { presence: { x: 0 } });
        const root = mount(h(Probe, { enabled: false }));
        seen.room.send('for main');
        seen.room.setPresence({ x: 1 });
        root.render(h(Probe, { enabled: false, at: 'other' }));
        root.render(h(Probe, { enabled: true, at: 'other' }));
        welcome();
        expect(frames()).toEqual([state(0)]);
      });

      it('is refused once the component has gone', () => {
        const onError = vi.fn();
        const { seen, Probe } = probe(() => 0, { enabled: false, onError });
        const root = mount(h(Probe));
        seen.room.send('early');
        root.unmount();
        vi.advanceTimersByTime(100);
        seen.room.send('late');
        expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['closed', 'closed']);
      });

      it('keeps the answer that is asked for, and has one where it is not sent', async () => {
        const onError = vi.fn();
        const { seen, Probe } = probe(() => 0, { onError });
        const answers: string[] = [];
        const ask = (text: string) =>
          void seen.room.send.acked(text).then(
            () => answers.push(`${text} handled`),
            ({ code }) => answers.push(`${text} ${code}`),
          );
        const answered = async () => {
          await microtasks();
          return answers.splice(0);
        };
        const root = mount(h(Probe, { enabled: false }));
        ask('dropped');
        seen.room.close();
        expect(await answered()).toEqual(['dropped closed']);
        for (let i = 0; i < 255; i++) seen.room.send('');
        ask('waits');
        ask('more');
        ask(1n as never);
        expect(await answered()).toEqual(['more queue_full', '1 bad_message']);
        root.render(h(Probe, { enabled: true }));
        welcome();
        ask('later');
        expect(frames().slice(-2)).toEqual([
          { id: 1, t: 'msg', msg: 'waits' },
          { id: 2, t: 'msg', msg: 'later' },
        ]);
        receive({ t: 'ack', id: 1 });
        expect(await answered()).toEqual(['waits handled']);
        root.render(h(Probe, { enabled: false }));
        ask('early');
        root.unmount();
        ask('between');
        vi.advanceTimersByTime(100);
        ask('late');
        const ends = ['later lost', 'early closed', 'between closed', 'late closed'];
        expect((await answered()).sort()).toEqual(ends.sort());
        expect(onError).not.toHaveBeenCalled();
      });

      it('is dropped by close, which ends nothing else', () => {
        const { seen, Probe } = probe(() => 0);
        const root = mount(h(Probe, { enabled: false }));
        seen.room.send('dropped');
        expect(() => seen.room.close(999)).toThrow(RangeError);
        seen.room.close();
        root.render(h(Probe, { enabled: true }));
        welcome();
        expect(frames()).toEqual([]);
        expect(seen.room.status).toBe('open');
      });
    });

    it('close in a first effect of what is not enabled ends nothing', () => {
      const Child = ({ room }: { room: View }) => {
        useEffect(() => room.close(), []);
        return null;
      };
      let room: View | undefined;
      const Parent = ({ enabled }: { enabled: boolean }) =>
        h(Child, { room: (room = useRoom(ref, options({ enabled }))) });
      const root = mount(h(Parent, { enabled: false }));
      root.render(h(Parent, { enabled: true }));
      welcome();
      expect(room!.status).toBe('open');
    });

    it('close in a first effect, before it is joined, ends it', () => {
      const Child = ({ room }: { room: View }) => {
        useEffect(() => {
          room.send('never');
          room.close(4001, 'done');
        }, []);
        return null;
      };
      let room: View | undefined;
      const Parent = () => h(Child, { room: (room = useRoom(ref, options())) });
      mount(h(Parent));
      expect(room!.status).toBe('closed');
      expect(room!.closeInfo).toEqual({ code: 4001, reason: 'done', wasClean: false });
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
  });
}
