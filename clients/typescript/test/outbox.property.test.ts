/** What is said is handled once and in order, or it is told that nobody knows, whatever happens to the connection. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RoomError } from '../src/index.js';
import { createOutbox } from '../src/connection/outbox.js';
import { World } from './support/world.js';

type Step =
  | ['say' | 'show' | 'cut' | 'tick']
  /** So many frames reach the server, or so many are answered. */
  | ['deliver' | 'answer', number]
  /** Another connection, in the same session or in another one. */
  | ['resume', boolean]
  /** The server refuses the next message that reaches it. */
  | ['refuse'];

const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant<Step>(['say']) },
    { weight: 2, arbitrary: fc.constantFrom<Step>(['show'], ['tick'], ['refuse']) },
    { weight: 5, arbitrary: fc.nat(20).map((n): Step => ['deliver', n]) },
    { weight: 4, arbitrary: fc.nat(20).map((n): Step => ['answer', n]) },
    { weight: 2, arbitrary: fc.constant<Step>(['cut']) },
    { weight: 3, arbitrary: fc.boolean().map((same): Step => ['resume', same]) },
  ),
  { maxLength: 300 },
);

/** A session of the server's. */
class Session {
  received = 0;
  answered = 0;
  /** What was refused and may not have been heard of. */
  refused: number[] = [];
}

it('is handled once and in order, or told as lost', () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const world = new World();
      const wire: string[] = [];
      const handled: number[] = [];
      const told: string[] = [];
      const settled = new Map<number, string>();
      /** Of those that asked for it: every answer. */
      const answers = new Map<number, string[]>();
      let session = new Session();
      let isOpen = false;
      let refuses = false;
      let shown: unknown;
      let said = 0;

      const transmit = (data: string) => isOpen && wire.push(data) > 0;
      const outbox = createOutbox(
        { transmit, buffered: () => 0 },
        undefined,
        world,
        ({ code }) => void told.push(code),
      );

      function deliver(count: number): void {
        for (const data of wire.splice(0, count)) {
          const { t, id, msg, state } = JSON.parse(data);
          if (id <= session.received) continue;
          session.received = id;
          if (t === 'presence') shown = state;
          else if (refuses) {
            refuses = false;
            session.refused.push(id);
            settled.set(msg, 'refused');
          } else {
            handled.push(msg);
            settled.set(msg, 'handled');
          }
          // Whoever has no more than 64 out without an answer.
          expect(id - session.answered).toBeLessThan(1_000);
        }
      }

      function answer(count: number): void {
        if (!isOpen) return;
        const upTo = Math.min(session.received, session.answered + count);
        tellRefused();
        session.answered = upTo;
        outbox.answered(upTo);
      }

      function tellRefused(): void {
        for (const id of session.refused.splice(0)) {
          outbox.answered(id, { code: 'refused' } as never);
          // Told twice, as after a resume, it is passed over.
          outbox.answered(id, { code: 'refused' } as never);
        }
      }

      function cut(): void {
        isOpen = false;
        wire.length = 0;
        outbox.pause();
      }

      function resume(same: boolean): void {
        if (isOpen) cut();
        if (!same) session = new Session();
        isOpen = true;
        const greeting = { t: 'snapshot', session: 'token', limits: { frame: 65_536 } };
        outbox.resume(greeting, same ? session.received : undefined);
      }

      function happen([what, how]: Step): void {
        if (what === 'say') {
          const asked: string[] = [];
          const settle = (error?: RoomError) => {
            asked.push(error?.code ?? 'handled');
            if (error) told.push(error.code);
          };
          try {
            outbox.send(JSON.stringify({ t: 'msg', msg: said }), said % 2 ? settle : undefined);
            if (said % 2) answers.set(said, asked);
            said++;
          } catch (error) {
            expect(error).toMatchObject({ code: 'queue_full' });
          }
        } else if (what === 'show') {
          outbox.pin(JSON.stringify({ t: 'presence', state: said }));
        } else if (what === 'tick') world.advance(100);
        else if (what === 'deliver') deliver(how);
        else if (what === 'answer') answer(how);
        else if (what === 'cut') cut();
        else if (what === 'resume') resume(how);
        else refuses = true;
      }

      resume(false);
      for (const step of steps) happen(step);
      resume(true);
      refuses = false;
      for (let i = 0; i < 20; i++) {
        world.advance(100);
        deliver(Infinity);
        answer(Infinity);
      }

      for (const [msg, asked] of answers) {
        expect(asked).toHaveLength(1);
        if (asked[0] !== 'lost') expect(settled.get(msg)).toBe(asked[0]);
      }
      expect(handled).toEqual([...new Set(handled)].sort((a, b) => a - b));
      const lost = told.filter((code) => code === 'lost').length;
      const refused = told.filter((code) => code === 'refused').length;
      const unknown = said - settled.size;
      expect(lost).toBeGreaterThanOrEqual(unknown);
      // Of those that were lost some were handled, and nobody knows which.
      expect(lost + handled.length + refused).toBeGreaterThanOrEqual(said);
      if (outbox.pinned) expect(JSON.parse(outbox.pinned).state).toEqual(shown);
    }),
    { numRuns: 1_000 },
  );
});

it('has no more than 64 out without an answer', () => {
  const sent: string[] = [];
  const line = { transmit: (data: string) => sent.push(data) > 0, buffered: () => 0 };
  const outbox = createOutbox(line, undefined, new World(), () => {});
  outbox.resume({ t: 'snapshot', session: 'token' }, undefined);
  for (let i = 0; i < 100; i++) outbox.send('{"t":"msg"}');
  expect(sent).toHaveLength(64);
  expect(sent[63]).toBe('{"id":64,"t":"msg"}');
  outbox.answered(10);
  expect(sent).toHaveLength(74);
});
