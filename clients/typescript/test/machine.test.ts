/** The connection machine, step by step. How it retries is in `retrying.test.ts`. */
import { describe, expect, it } from 'vitest';
import { mayOpen, step, type Happening } from '../src/connection/machine.js';
import * as machine from '../src/connection/machine.js';
import { CLOSED, CONNECTING, OPEN, WAITING } from '../src/connection/phases.js';
import { connecting, drop, failing, greeting, open, policy, Run } from './support/machine.js';

describe('the public status', () => {
  it.each<[string, Run, string]>([
    ['before anything', new Run(), 'connecting'],
    ['first attempt', connecting(), 'connecting'],
    ['connected, and not greeted yet', greeting(), 'connecting'],
    ['connected to what needs no greeting', connecting().connected(true), 'open'],
    ['open', open(), 'open'],
    ['waiting after a loss', open().lost(), 'reconnecting'],
    ['second attempt', open().lost().due(), 'reconnecting'],
    ['second attempt, not greeted yet', open().lost().due().connected(), 'reconnecting'],
    ['a first attempt that failed', connecting().lost(), 'reconnecting'],
    ['closing', open().on([machine.close, 1000, '']), 'closing'],
    ['refused', connecting().lost({ ...drop, code: 4403 }, false), 'closed'],
  ])('%s', (_, run, status) => {
    expect(run.state.status).toBe(status);
  });
});

describe('the page coming back', () => {
  it('ends a wait and restarts the count', () => {
    const run = open().lost().due().lost().on([machine.wake]);
    expect(run.state).toMatchObject({
      phase: CONNECTING,
      spent: 0,
      status: 'reconnecting',
    });
    expect(run.asked).toEqual(['connect']);
  });

  it('lets an attempt that is being made go on, and restarts the count', () => {
    const run = open().lost().due().on([machine.wake]);
    expect(run.state).toMatchObject({ phase: CONNECTING, spent: 0 });
    expect(run.asked).toEqual([]);
    expect(run.connected().greeted().state).toMatchObject({ phase: OPEN, owed: 0 });
  });

  it.each<[string, () => Run]>([
    ['attempt', () => open().lost().due()],
    ['first attempt', connecting],
    ['greeting', greeting],
  ])('gives an %s 5 s from its beginning, and then makes another at once', (_, made) => {
    const young = made().on([machine.wake], 2_000);
    expect(young.wait).toBe(3_000);
    expect(young.on([machine.wake], 1_000).wait).toBe(2_000);
    expect(young.due().asked).toEqual(['abandon']);
    const hanging = made().on([machine.wake], 9_000);
    expect(hanging.wait).toBeLessThanOrEqual(0);
    expect(hanging.on([machine.tick]).asked).toEqual(['abandon']);
    for (const run of [young, hanging]) expect(run.lost().wait).toBe(0);
  });

  it('asks an open connection for a sign of life at once, and gives it up after 5 s', () => {
    const run = open().on([machine.wake], 1_000);
    expect(run.actions).toEqual([['send', '{"t":"ping"}']]);
    expect(run.wait).toBe(5_000);
    expect(run.on([machine.wake], 1_000).actions).toEqual([]);
    expect(run.wait).toBe(4_000);
    expect(run.due().actions).toEqual([
      ['abandon', { code: 1006, reason: 'no answer', wasClean: false }],
    ]);
    expect(run.lost().state).toMatchObject({
      phase: WAITING,
      status: 'reconnecting',
      spent: 1,
    });
    expect(run.wait).toBe(0);
  });

  it('goes on as before when there is an answer', () => {
    const run = open().on([machine.wake], 1_000).on([machine.pong], 4_999);
    expect(run.wait).toBe(25_000);
    expect(run.due().asked).toEqual(['send']);
    expect(run.lost().wait).toBe(375);
  });

  it('takes an answer that was owed before it woke for no sign of life', () => {
    const run = open().due().on([machine.wake], 20_000).on([machine.pong], 10);
    expect(run.wait).toBe(4_990);
    expect(run.on([machine.pong], 10).wait).toBe(25_000);
    const dead = open().due().on([machine.wake]).on([machine.pong]);
    expect(dead.due().asked).toEqual(['abandon']);
  });

  it('asks nothing of a plain connection, which would not answer', () => {
    const run = connecting().connected(true).on([machine.wake]);
    expect(run.asked).toEqual([]);
    expect(run.state.until).toBe(Infinity);
  });

  it('does not hurry back to a server that named a time', () => {
    const run = open().on([machine.wake]).lost({ code: 1012, reason: 'retry=700', wasClean: true });
    expect(run.wait).toBe(700);
  });

  it('revives a room that ran out of attempts', () => {
    const run = connecting();
    failing(run);
    expect(run.state.status).toBe('closed');
    run.on([machine.wake]);
    expect(run.state).toMatchObject({ phase: CONNECTING, spent: 0 });
    expect(run.state.status).toBe('reconnecting');
  });

  it('leaves a room alone that was closed on purpose, by either side', () => {
    for (const run of [
      open().on([machine.close, 1000, '']).lost(),
      connecting().on([machine.close, 1000, '']),
      open().lost().on([machine.close, 1000, '']),
      open().lost({ ...drop, code: 4410 }, false),
    ]) {
      expect(run.state).toMatchObject({ phase: CLOSED, status: 'closed' });
      expect(run.on([machine.wake]).state).toMatchObject({ phase: CLOSED, status: 'closed' });
    }
  });
});

describe('the back/forward cache', () => {
  it.each<[string, Run]>([
    ['an attempt', connecting()],
    ['what is not greeted yet', greeting()],
    ['what is open', open()],
    ['what waits for a pong', open().on([machine.wake], 1_000)],
    ['what is open to a plain server', connecting().connected(true)],
    ['a later attempt', open().lost().due()],
  ])('is no place for the socket of %s: it is given up, and no time counts', (_, run) => {
    const { status } = run.state;
    run.on([machine.sleep], 1_000);
    expect(run.actions).toEqual([['drop', 4900]]);
    expect([run.state.status, mayOpen(run.state)]).toEqual([status, true]);
    expect(run.state.until).toBe(Infinity);
    expect(run.on([machine.tick], 1e12).actions).toEqual([]);
    expect(run.lost().on([machine.wake]).asked).toEqual(['connect']);
    expect(run.state).toMatchObject({ status: 'reconnecting', spent: 0, grown: 0 });
  });

  it.each<[string, Run]>([
    ['has not begun', new Run()],
    ['waits', open().lost()],
    ['is closing', open().on([machine.close, 1000, ''])],
    ['is closed', connecting().lost({ ...drop, code: 4403 }, false)],
  ])('means nothing to what has no socket to give up: it %s', (_, run) => {
    const { state } = run;
    run.on([machine.sleep], 10);
    expect([run.state, run.actions]).toEqual([state, []]);
  });

  it('does not make a room give up that has spent its attempts: the page is back', () => {
    const run = open();
    for (let i = 0; i < 5; i++) run.lost().due().connected().greeted();
    run.on([machine.sleep]).lost();
    expect(run.state).toMatchObject({ status: 'reconnecting', spent: 1 });
  });
});

describe('the heartbeat', () => {
  it('pings every heartbeat from the greeting on', () => {
    const run = greeting().greeted(5_000);
    expect(run.actions).toEqual([['opened']]);
    for (let i = 0; i < 4; i++) {
      expect(run.wait).toBe(5_000);
      expect(run.due().actions).toEqual([['send', '{"t":"ping"}']]);
      run.on([machine.pong], 20);
      run.now -= 20;
    }
  });

  it('reconnects after two missed answers, and not after one', () => {
    const run = open().due().due();
    expect(run.asked).toEqual(['send']);
    run.due();
    expect(run.actions).toMatchObject([['abandon', { code: 1006, wasClean: false }]]);
    expect(open().due().due().on([machine.pong]).due().asked).toEqual(['send']);
  });

  it.each([0, -1, NaN, null, undefined])('ignores %s for an interval', (heartbeat) => {
    const run = greeting().on([machine.greeted, heartbeat]);
    expect(run.state.status).toBe('open');
    expect(run.state.until).toBe(Infinity);
  });

  it('does not let a mistaken unit make it spin', () => {
    expect(greeting().greeted(0.025).wait).toBe(100);
  });

  it('takes an early tick for none', () => {
    const run = open().on([machine.tick], 24_999);
    expect(run.asked).toEqual([]);
    expect(run.on([machine.tick], 1).asked).toEqual(['send']);
  });
});

describe('the round trip', () => {
  const roundTrip = ({ state }: Run) => state.roundTrip;

  it('is what the last ping took to be answered', () => {
    const run = open().due().on([machine.pong], 42);
    expect(roundTrip(run)).toBe(42);
    expect(roundTrip(run.due())).toBe(42);
    expect(roundTrip(run.on([machine.pong], 7))).toBe(7);
    expect(roundTrip(open().on([machine.wake], 1_000).on([machine.pong], 30))).toBe(30);
    expect(roundTrip(run.lost().due().connected().greeted())).toBeUndefined();
  });

  it('is not that of an answer that may be one to an earlier ping, or to none', () => {
    expect(roundTrip(open().due().due().on([machine.pong], 5))).toBeUndefined();
    expect(roundTrip(open().due().on([machine.wake], 5).on([machine.pong], 5))).toBeUndefined();
    expect(roundTrip(open().on([machine.pong], 5))).toBeUndefined();
    expect(roundTrip(open().due().on([machine.pong], 1).on([machine.pong], 5))).toBe(1);
  });
});

describe('leaving on purpose', () => {
  const close: Happening = [machine.close, 3001, 'enough'];

  it('closes, and waits for the other half', () => {
    const run = open().on(close);
    const asked = [['close', 3001, 'enough']];
    expect(run.actions).toEqual(asked);
    expect(greeting().on(close).actions).toEqual(asked);
    const info = { code: 3001, reason: 'enough', wasClean: true };
    expect(run.lost(info, true).actions).toEqual([['closed', info]]);
    expect(run.state).toMatchObject({ phase: CLOSED, status: 'closed' });
  });

  it('does not wait for a peer that is gone', () => {
    const run = open().on(close);
    expect(run.wait).toBe(5_000);
    expect(run.due().asked).toEqual(['abandon']);
  });

  it.each([
    ['an attempt', connecting],
    ['a wait', () => open().lost()],
  ])('ends %s at once', (_, run) => {
    expect(run().on(close).actions).toEqual([
      ['drop'],
      ['closed', { code: 3001, reason: 'enough', wasClean: false }],
    ]);
  });

  it('ends a room that has run out of attempts for good', () => {
    const run = connecting();
    run.policy = { ...policy, maxRetries: 0 };
    run.lost().on(close);
    expect(run.state).toMatchObject({ phase: CLOSED, status: 'closed' });
    expect(run.asked).toEqual([]);
  });
});

it('ignores what comes too late to mean anything', () => {
  const late: Happening[] = [
    [machine.connected],
    [machine.greeted, 1_000],
    [machine.pong],
    [machine.lost, drop, true, false, 0, policy],
    [machine.wake],
    [machine.sleep],
    [machine.tick],
  ];
  const { state: closed } = connecting().lost(drop, false);
  expect(closed.phase).toBe(CLOSED);
  for (const state of [machine.START, closed]) {
    for (const event of late) expect(step(state, event, 0)).toEqual([state, []]);
  }
});
