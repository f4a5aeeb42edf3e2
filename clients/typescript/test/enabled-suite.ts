/** What both hooks promise of a room that is not joined yet, or not to be. Each framework runs all of it; see `preact.test.ts` and `react.test.ts`. */
import { describe, expect, it, vi } from 'vitest';
import { microtasks } from './support/rooms.js';
import { stage, type Renderer, type View } from './support/stage.js';

export function enabledSuite(name: string, renderer: Renderer): void {
  const { h, mount, useRoom, useEffect } = renderer;
  const { sockets, ref, options, probe, receive, welcome } = stage(renderer);

  describe(`${name}: before and while it is not enabled`, () => {
    it('a presence to begin with is that of the render that is enabled', () => {
      const { Probe } = probe(() => 0);
      const root = mount(h(Probe, { enabled: false, presence: { x: 1 } }));
      root.render(h(Probe, { enabled: true, presence: { x: 2 } }));
      welcome();
      expect(sockets.last.frames).toEqual([{ t: 'presence', state: { x: 2 } }]);
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
  });
}
