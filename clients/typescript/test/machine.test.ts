import { describe, expect, it } from 'vitest';
import { mayOpen, shouldReconnect, step, type Happening } from '../src/connection/machine.js';
import * as actions from '../src/connection/actions.js';
import * as machine from '../src/connection/machine.js';
import { CLOSED, CONNECTING, OPEN, WAITING } from '../src/connection/phases.js';

const policy = { maxRetries: 5, minDelay: 250, maxDelay: 30_000, growth: 2, keepTrying: true };
const drop = { code: 1006, reason: '', wasClean: false };

/** So that a failure can be read. */
const NAMES = Object.fromEntries(
  Object.entries(actions).map(([name, action]) => [action, name.toLowerCase()]),
);

/** Steps a machine and remembers what it asked for. */
class Run {
  state = machine.START;
  actions: unknown[][] = [];
  now = 0;
  random = 0.5;
  policy = policy;

  on(event: Happening, after = 0): this {
    this.now += after;
    const [state, todo] = step(this.state, event, this.now);
    this.state = state;
    this.actions = todo.map(([action, ...args]) => [NAMES[action], ...args]);
    return this;
  }

  start = () => this.on([machine.start]);
  connected(isGreeted = false): this {
    this.on([machine.connected]);
    return isGreeted ? this.on([machine.greeted]) : this;
  }
  greeted = (heartbeat: unknown = 25_000) => this.on([machine.greeted, heartbeat]);
  lost(info = drop, again = true, { after = 0, offline = false, heard = false } = {}): this {
    return this.on([machine.lost, info, again, offline, this.random, this.policy, heard], after);
  }
  heard = () => this.lost(drop, true, { heard: true });
  /** Lets time pass until the machine wants to be woken. */
  due(): this {
    const at = this.state.until;
    if (at === Infinity) throw new Error(`nothing is due in ${this.state.phase}`);
    return this.on([machine.tick], at - this.now);
  }
  get asked() {
    return this.actions.map(([name]) => name);
  }
  get wait() {
    return this.state.until - this.now;
  }
}

const connecting = () => new Run().start();
const greeting = () => connecting().connected();
const open = () => greeting().greeted();

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

/** Lets attempt after attempt fail. Gives the delays before them, and ends with what is not waited for. */
function failing(run: Run): number[] {
  const delays: number[] = [];
  for (run.lost(); run.state.status === 'reconnecting'; run.due().lost()) {
    delays.push(Math.round(run.wait));
  }
  return delays;
}

describe('retrying', () => {
  it.each([
    [0, [250, 250, 250, 250, 250]],
    [0.5, [375, 625, 1125, 2125, 4125]],
    [0.999999, [500, 1000, 2000, 4000, 8000]],
  ])('waits from minDelay to a cap that doubles, five times: chance %d', (random, delays) => {
    const run = open();
    run.random = random;
    expect(failing(run)).toEqual(delays);
    expect(run.state).toMatchObject({ phase: WAITING, status: 'closed' });
    expect(run.actions).toEqual([['closed', drop]]);
  });

  it.each<[string, object, number[]]>([
    ['growth', { growth: 3, maxRetries: 4 }, [750, 2250, 6750, 20250]],
    ['no growth', { growth: 1 }, [250, 250, 250, 250, 250]],
    ['shrinking', { growth: 0.5 }, [250, 250, 250, 250, 250]],
    ['maxDelay', { maxDelay: 3_000, maxRetries: 6 }, [500, 1000, 2000, 3000, 3000, 3000]],
    ['minDelay over maxDelay', { minDelay: 100, maxDelay: 50, maxRetries: 2 }, [100, 100]],
    ['no minDelay', { minDelay: 0, maxRetries: 2 }, [0, 0]],
    ['no retries', { maxRetries: 0 }, []],
  ])('is as it is asked for: %s', (_, asked, delays) => {
    const run = open();
    run.random = 0.999999;
    run.policy = { ...policy, ...asked };
    expect(failing(run)).toEqual(delays);
  });

  it('has a delay after however many attempts', () => {
    const run = open();
    run.policy = { ...policy, minDelay: 0, maxRetries: Infinity };
    for (let i = 0; i < 1_100; i++) {
      expect(run.lost().wait).toBe(0);
      run.due();
    }
  });

  it('counts on over connections that are let in and dropped at once', () => {
    const run = open();
    for (let i = 0; i < 5; i++) run.lost().due().connected().greeted();
    expect(run.lost().state).toMatchObject({ phase: WAITING, status: 'closed' });
  });

  it('counts afresh once something came after the greeting', () => {
    const run = open();
    for (let i = 0; i < 20; i++) {
      run.heard().due().connected().greeted();
      expect(run.state.status).toBe('open');
    }
    expect(run.heard().state).toMatchObject({
      phase: WAITING,
      status: 'reconnecting',
      spent: 1,
      grown: 1,
    });
  });

  it('counts afresh once a connection has stood for 10 s, though nothing was said', () => {
    for (const isGreeted of [false, true]) {
      const run = open();
      const again = () => run.due().connected(isGreeted).greeted();
      run.lost();
      for (let i = 0; i < 3; i++) again().lost();
      again().lost(drop, true, { after: 9_999 });
      expect(run.state).toMatchObject({
        phase: WAITING,
        status: 'reconnecting',
        spent: 5,
      });
      again().lost(drop, true, { after: 10_000 });
      expect(run.state).toMatchObject({
        phase: WAITING,
        status: 'reconnecting',
        spent: 1,
      });
    }
  });

  it('does not retry what shouldReconnect refuses', () => {
    const info = { code: 4403, reason: 'forbidden', wasClean: true };
    const run = open().lost(info, false);
    expect(run.state).toMatchObject({ phase: CLOSED, status: 'closed' });
    expect(run.actions).toEqual([['closed', info]]);
  });

  it.each([
    ['retry=1500', 1500],
    ['restarting, retry=20 please', 20],
    ['retry=99999999999', 600_000],
    ['', 375],
    ['retry=', 375],
    ['retry=-5', 375],
  ])('a restarting server says when to come back: %j', (reason, wait) => {
    expect(open().lost({ code: 1012, reason, wasClean: true }).wait).toBe(wait);
  });

  it('spends nothing on coming back when a restarting server says so', () => {
    const run = open();
    for (let i = 0; i < 20; i++) {
      run.lost({ code: 1012, reason: 'retry=100', wasClean: true }).due().connected().greeted();
    }
    expect(failing(run)).toEqual([375, 625, 1125, 2125, 4125]);
  });

  it('spends nothing while the browser says that it is offline, and tries ever more seldom', () => {
    const run = open();
    const waits: number[] = [];
    for (let i = 0; i < 10; i++) {
      waits.push(run.lost(drop, true, { offline: true }).wait);
      run.due();
    }
    expect(waits).toEqual([375, 625, 1125, 2125, 4125, 8125, 15125, 15125, 15125, 15125]);
    expect(run.state.status).toBe('reconnecting');
    for (let i = 0; i < 5; i++) expect(run.lost().due().state.phase).toBe(CONNECTING);
    expect(run.lost().state).toMatchObject({ phase: WAITING, status: 'closed' });
  });

  it('believes only a restarting server', () => {
    expect(open().lost({ code: 1013, reason: 'retry=1500', wasClean: true }).wait).toBe(375);
  });

  it('gives an attempt up that takes too long', () => {
    const run = connecting();
    expect(run.wait).toBe(20_000);
    expect(run.due().actions).toMatchObject([['abandon', { code: 1006 }]]);
  });

  it('gives a connection up that is not greeted', () => {
    const run = connecting().on([machine.connected], 15_000);
    expect(run.asked).toEqual([]);
    expect(run.wait).toBe(10_000);
    expect(run.due().actions).toEqual([
      ['abandon', { code: 1006, reason: 'no answer', wasClean: false }],
    ]);
    expect(run.lost().state.phase).toBe(WAITING);
  });
});

/** Closed for want of retries. */
function exhausted(more: object = {}): Run {
  const run = open();
  run.policy = { ...policy, ...more };
  failing(run);
  expect(run.state.status).toBe('closed');
  return run;
}

describe('after the last retry', () => {
  it.each([
    [0, 15_000],
    [0.5, 30_000],
    [0.75, 37_500],
  ])('goes on with an attempt each maxDelay, spread by half: chance %d', (random, wait) => {
    const run = exhausted();
    run.random = random;
    for (let i = 0; i < 10; i++) {
      expect(run.due().asked).toEqual(['connect']);
      expect(run.state.status).toBe('closed');
      expect(run.connected().state.status).toBe('closed');
      expect(run.lost().wait).toBe(wait);
      expect(run.actions).toEqual([['closed', drop]]);
      expect(run.state.status).toBe('closed');
      expect(mayOpen(run.state)).toBe(true);
    }
  });

  it('is open when one of them succeeds, and has all its retries when that has lasted', () => {
    const run = exhausted().due().connected().greeted();
    expect(run.state.status).toBe('open');
    expect(run.lost().state).toMatchObject({ phase: WAITING, status: 'closed' });
    run.due().connected().greeted();
    expect(run.heard().state).toMatchObject({
      phase: WAITING,
      status: 'reconnecting',
      spent: 1,
    });
  });

  it('goes on as seldom while the browser is offline', () => {
    const run = exhausted();
    expect(run.due().lost(drop, true, { offline: true }).wait).toBe(30_000);
    expect(run.state.status).toBe('closed');
  });

  it('comes back when a restarting server says', () => {
    const run = exhausted().due().lost({ code: 1012, reason: 'retry=40', wasClean: true });
    expect(run.wait).toBe(40);
    expect(run.state.status).toBe('reconnecting');
  });

  it('stops when it is refused', () => {
    const run = exhausted()
      .due()
      .connected()
      .lost({ ...drop, code: 4403 }, false);
    expect(run.state).toMatchObject({ phase: CLOSED, status: 'closed' });
  });

  it('waits for the page alone where it is not to keep trying', () => {
    const run = exhausted({ keepTrying: false });
    expect(run.state.until).toBe(Infinity);
    expect(mayOpen(run.state)).toBe(false);
    expect(run.on([machine.wake]).asked).toEqual(['connect']);
    expect(run.state.status).toBe('reconnecting');
  });

  it('is tried at once, as anew, when somebody else wants it', () => {
    const run = exhausted().on([machine.start]);
    expect(run.state).toMatchObject({
      phase: CONNECTING,
      status: 'reconnecting',
      spent: 0,
    });
    const during = exhausted().due().on([machine.start]);
    expect(during.state).toMatchObject({
      phase: CONNECTING,
      status: 'reconnecting',
      spent: 0,
    });
    expect(during.asked).toEqual([]);
    expect(open().on([machine.start]).asked).toEqual([]);
  });

  it('is closed for good by who leaves', () => {
    expect(exhausted().on([machine.close, 1000, '']).state).toMatchObject({
      phase: CLOSED,
      status: 'closed',
    });
    const run = exhausted().due().on([machine.close, 1000, '']);
    expect(run.state).toMatchObject({ phase: CLOSED, status: 'closed' });
    expect(run.asked).toEqual(['drop', 'closed']);
  });
});

describe('the default shouldReconnect', () => {
  it.each([1000, 4000, 4400, 4403, 4999])('%d: no', (code) => {
    expect(shouldReconnect({ ...drop, code })).toBe(false);
    expect(shouldReconnect({ ...drop, code }, () => 'token')).toBe(false);
  });
  it('4401: where there are other credentials to be had', () => {
    expect(shouldReconnect({ ...drop, code: 4401 })).toBe(false);
    expect(shouldReconnect({ ...drop, code: 4401 }, 'token')).toBe(false);
    expect(shouldReconnect({ ...drop, code: 4401 }, () => 'token')).toBe(true);
  });
  it.each([1001, 1005, 1006, 1009, 1011, 1012, 1013, 3000, 3999])('%d: yes', (code) => {
    expect(shouldReconnect({ ...drop, code })).toBe(true);
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
