/** What both hooks promise in a room that has sessions, whatever a framework does to a component meanwhile. Each framework runs all of it. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { stage, type Renderer } from './support/stage.js';

export function sessionHookSuite(name: string, renderer: Renderer): void {
  const { h, mount, act, StrictMode, Activity } = renderer;
  const { sockets, probe, receive, join } = stage(renderer);

  /** What the components were told, in order. */
  let told: string[];
  const callbacks = {
    onMessage: (message: string) => void told.push(message),
    onOpen: () => void told.push('open'),
    onResume: () => void told.push('resumed'),
    onMissed: () => void told.push('missed'),
  };
  const { Probe } = probe((room) => room.memberIds, callbacks);

  beforeEach(() => {
    told = [];
  });

  const everybody = [{ id: 'a' }, { id: 'me' }, { id: 'b' }];
  const greet = (
    session: string,
    seq: number,
    resumed: boolean,
    members = everybody,
    self = 'me',
  ) => act(() => sockets.last.welcome(members, { session, seq, resumed, acked: 0 }, self));
  const say = (seq: number, msg: string) => receive({ t: 'msg', from: 'a', msg, seq });
  const lose = () => act(() => sockets.last.end());
  const pass = (ms: number) => act(() => void vi.advanceTimersByTime(ms));
  /** The session that the latest connection asks for. */
  const asked = () => sockets.last.protocols.slice(1);

  describe(`${name}: in a room that has sessions`, () => {
    it('goes on where it was, and renders no row anew', () => {
      const { seen, Probe } = probe((room) => room.members, callbacks);
      mount(h(Probe));
      greet('one', 4, false);
      say(5, 'five');
      const { renders } = seen;
      const { members } = seen.room;
      lose();
      pass(375);
      expect(asked()).toEqual(['roomful.resume.one.5']);
      greet('two', 6, true);
      say(6, 'six');
      expect(told).toEqual(['open', 'five', 'open', 'resumed', 'six']);
      expect(seen.room.members).toBe(members);
      expect(seen.renders).toBe(renders);
    });

    it('has everybody in the same place after a return that resumes nothing', () => {
      const root = mount(h(Probe));
      greet('one', 4, false);
      lose();
      pass(375);
      greet('two', 0, false, [{ id: 'me' }]);
      expect(told).toEqual(['open', 'open', 'missed']);
      expect(root.html()).toBe('<p>["a","me","b"]</p>');
      pass(2_000);
      expect(root.html()).toBe('<p>["me"]</p>');
      join('b');
      join('new');
      join('a');
      expect(root.html()).toBe('<p>["a","me","b","new"]</p>');
    });

    it('goes on where it was though it is unmounted and mounted again while the connection is lost', () => {
      const first = mount(h(Probe));
      greet('one', 4, false);
      lose();
      first.unmount();
      pass(99);
      mount(h(Probe));
      pass(375);
      expect([sockets.all.length, asked()]).toEqual([2, ['roomful.resume.one.4']]);
      greet('two', 5, true);
      say(5, 'five');
      expect(told).toEqual(['open', 'open', 'resumed', 'five']);
    });

    it('is another member when it was away for longer than that: it has left', () => {
      const first = mount(h(Probe));
      greet('one', 4, false);
      first.unmount();
      pass(100);
      expect(sockets.last.frames).toEqual([{ t: 'bye' }]);
      mount(h(Probe));
      expect([sockets.all.length, asked()]).toEqual([2, []]);
      greet('two', 9, false);
      expect(told).toEqual(['open', 'open']);
    });

    if (StrictMode) {
      it('in StrictMode has one session, goes on with it, and is told of everything once', () => {
        const root = mount(h(StrictMode, null, h(Probe)));
        pass(1_000);
        expect(sockets.all).toHaveLength(1);
        greet('one', 4, false);
        say(5, 'five');
        lose();
        pass(375);
        expect([sockets.all.length, asked()]).toEqual([2, ['roomful.resume.one.5']]);
        greet('two', 6, true);
        say(6, 'six');
        expect(told).toEqual(['open', 'five', 'open', 'resumed', 'six']);
        root.unmount();
        pass(100);
        expect(sockets.last.frames).toEqual([{ t: 'bye' }]);
      });
    }

    if (Activity) {
      const shown = (mode: 'visible' | 'hidden') => h(Activity, { mode }, h(Probe));

      it('that is hidden for a moment keeps its session', () => {
        const root = mount(shown('visible'));
        greet('one', 4, false);
        root.render(shown('hidden'));
        pass(99);
        root.render(shown('visible'));
        pass(1_000);
        expect([sockets.all.length, sockets.last.closes]).toEqual([1, []]);
        lose();
        pass(375);
        expect(asked()).toEqual(['roomful.resume.one.4']);
        greet('two', 5, true);
        say(5, 'five');
        expect(told).toEqual(['open', 'open', 'resumed', 'five']);
      });

      it('that is hidden for a moment while the connection is lost goes on where it was', () => {
        const root = mount(shown('visible'));
        greet('one', 4, false);
        lose();
        root.render(shown('hidden'));
        pass(99);
        root.render(shown('visible'));
        pass(375);
        expect([sockets.all.length, asked()]).toEqual([2, ['roomful.resume.one.4']]);
        greet('two', 5, true);
        say(5, 'five');
        expect(told).toEqual(['open', 'open', 'resumed', 'five']);
      });

      it('that is hidden leaves at once, not as one that may be back, and comes back as another', () => {
        const root = mount(shown('visible'));
        greet('one', 4, false);
        root.render(shown('hidden'));
        pass(100);
        expect([sockets.last.frames, sockets.last.closes]).toEqual([[{ t: 'bye' }], [[1000, '']]]);
        act(() => sockets.last.end(1000, '', true));
        pass(60_000);
        expect(sockets.all).toHaveLength(1);
        root.render(shown('visible'));
        expect([sockets.all.length, asked()]).toEqual([2, []]);
        greet('two', 9, false, [{ id: 'a' }, { id: 'me2' }], 'me2');
        expect(told).toEqual(['open', 'open']);
      });

      it('that is hidden while the connection is lost tries no more, and comes back as another', () => {
        const root = mount(shown('visible'));
        greet('one', 4, false);
        lose();
        root.render(shown('hidden'));
        pass(60_000);
        expect(sockets.all).toHaveLength(1);
        root.render(shown('visible'));
        expect([sockets.all.length, asked()]).toEqual([2, []]);
        greet('two', 9, false);
        expect(told).toEqual(['open', 'open']);
      });

      if (StrictMode) {
        it('that is hidden and shown in StrictMode has one session, too', () => {
          const strict = (mode: 'visible' | 'hidden') => h(StrictMode, null, shown(mode));
          const root = mount(strict('visible'));
          greet('one', 4, false);
          root.render(strict('hidden'));
          root.render(strict('visible'));
          pass(1_000);
          expect(sockets.all).toHaveLength(1);
          lose();
          pass(375);
          expect(asked()).toEqual(['roomful.resume.one.4']);
          greet('two', 5, true);
          say(5, 'five');
          expect(told).toEqual(['open', 'open', 'resumed', 'five']);
        });
      }
    }
  });
}
