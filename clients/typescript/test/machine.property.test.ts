/** What is true of the connection machine whatever happens to it, in whatever order. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { step, type Happening } from '../src/connection/machine.js';
import * as actions from '../src/connection/actions.js';
import * as machine from '../src/connection/machine.js';
import { GIVEN_UP } from '../src/limits.js';
import { CLOSING, CONNECTING, GREETING, OPEN } from '../src/connection/phases.js';

const info = { code: 1006, reason: '', wasClean: false };
const restart = { code: 1012, reason: 'retry=100', wasClean: true };

/** The policy is to follow. */
const lost = (of = info, again = true, offline = false): Happening => [
  machine.lost,
  of,
  again,
  offline,
  0.5,
];

/** What a socket does, which it does only while there is one. */
const ofSocket: fc.Arbitrary<Happening> = fc.oneof(
  fc.constant<Happening>([machine.connected]),
  fc.constantFrom<Happening>([machine.greeted, 25_000], [machine.greeted, undefined]),
  fc.constant<Happening>([machine.pong]),
  fc
    .tuple(fc.constantFrom(info, restart), fc.boolean(), fc.boolean())
    .map(([info, again, offline]) => lost(info, again, offline)),
);
const ofPage = fc.constantFrom<Happening>(
  [machine.start],
  [machine.wake],
  [machine.sleep],
  [machine.tick],
  [machine.close, 1000, ''],
);
/** An event, and how long after the one before. */
const happening = fc.tuple(
  fc.oneof({ weight: 3, arbitrary: ofSocket }, { weight: 2, arbitrary: ofPage }),
  fc.constantFrom(0, 10, 1_000, 5_000, 30_000),
);

const WITH_SOCKET: number[] = [CONNECTING, GREETING, OPEN, CLOSING];

it('has one socket exactly when it should, and tells of nothing before all is done', () => {
  const policy = fc.record({ maxRetries: fc.nat(3), keepTrying: fc.boolean() });
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60 }), policy, (happenings, policy) => {
      let state = machine.START;
      let hasSocket = false;
      let isAsleep = false;
      let now = 0;

      function dispatch(event: Happening): void {
        const isLost = event[0] === machine.lost;
        if (isLost) hasSocket = isAsleep = false;
        const [next, todo] = step(state, isLost ? [...event, policy] : event, now);
        state = next;
        let isTold = false;
        for (const [name, detail] of todo) {
          if (name === actions.OPENED || name === actions.CLOSED) isTold = true;
          else expect(isTold).toBe(false);
          if (name === actions.CONNECT) {
            expect(hasSocket).toBe(false);
            hasSocket = true;
          }
          if (name === actions.SEND || name === actions.CLOSE) expect(hasSocket).toBe(true);
          if (name === actions.DROP) hasSocket = false;
          if (name === actions.DROP && detail === GIVEN_UP) isAsleep = true;
          if (name === actions.ABANDON) dispatch(lost());
        }
        expect(hasSocket).toBe(WITH_SOCKET.includes(state.phase) && !isAsleep);
        if (state.status === 'reconnecting') expect(state.until < Infinity).toBe(!isAsleep);
      }

      for (const [event, after] of happenings) {
        now += after;
        const { start, wake, sleep, tick, close } = machine;
        const isOfSocket = ![start, wake, sleep, tick, close].includes(event[0]);
        if (isOfSocket && !hasSocket) continue;
        if (isAsleep) {
          // Nothing else happens in the back/forward cache; the driver finds its socket lost.
          if (event[0] !== wake) continue;
          dispatch(lost());
        }
        dispatch(event);
      }
    }),
    { numRuns: 2_000 },
  );
});
