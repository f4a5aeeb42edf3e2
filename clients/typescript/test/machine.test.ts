import { describe, expect, it } from 'vitest';
import {
  deadline,
  shouldReconnect,
  statusOf,
  step,
  type Action,
  type Event,
  type State,
} from '../src/connection/machine.js';

const policy = { maxRetries: 5, minDelay: 250, maxDelay: 30_000, growth: 2 };
const drop = { code: 1006, reason: '', wasClean: false };

/** Steps a machine and remembers what it asked for. */
class Run {
  state: State = { phase: 'idle' };
  actions: Action[] = [];
  now = 0;
  random = 0.5;
  policy = policy;

  on(event: Event, after = 0): this {
    this.now += after;
    [this.state, this.actions] = step(this.state, event, this.now, this.random, this.policy);
    return this;
  }

  start = () => this.on(['start']);
  connected = (isGreeted = false) => this.on(['connected', isGreeted]);
  greeted = (heartbeat: unknown = 25_000) => this.on(['greeted', heartbeat]);
  lost = (info = drop, again = true, after = 0) => this.on(['lost', info, again], after);
  /** Lets time pass until the machine wants to be woken. */
  due(): this {
    const at = deadline(this.state);
    if (at === undefined) throw new Error(`nothing is due in ${this.state.phase}`);
    return this.on(['tick'], at - this.now);
  }
  get asked() {
    return this.actions.map(([name]) => name);
  }
  get wait() {
    return (deadline(this.state) ?? NaN) - this.now;
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
    ['closing', open().on(['close', 1000, '']), 'closing'],
    ['refused', connecting().lost({ ...drop, code: 4403 }, false), 'closed'],
  ])('%s', (_, run, status) => {
    expect(statusOf(run.state)).toBe(status);
  });
});

describe('retrying', () => {
  it('waits with full jitter under a cap that doubles, five times, and then gives up', () => {
    const run = open();
    run.random = 0.999999;
    const waits: number[] = [];
    run.lost();
    while (run.state.phase === 'waiting') {
      waits.push(Math.round(run.wait));
      run.due();
      expect(run.asked).toEqual(['connect']);
      run.lost();
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000]);
    expect(run.state.phase).toBe('exhausted');
    expect(run.actions).toEqual([['closed', drop]]);
  });

  it.each([0, 0.25, 0.5])('draws the wait from the whole range: %d', (random) => {
    const run = open();
    run.random = random;
    expect(run.lost().wait).toBe(250 * random);
  });

  it('never waits longer than maxDelay', () => {
    const run = connecting();
    run.policy = { ...policy, maxRetries: 50, maxDelay: 3_000 };
    run.random = 1;
    const waits = Array.from({ length: 8 }, () => {
      const { wait } = run.lost();
      run.due();
      return wait;
    });
    expect(waits).toEqual([250, 500, 1000, 2000, 3000, 3000, 3000, 3000]);
  });

  it('counts on over connections that open and drop at once', () => {
    const run = open();
    for (let i = 0; i < 5; i++) run.lost().due().connected().greeted();
    expect(run.lost().state.phase).toBe('exhausted');
  });

  it('counts afresh once a connection has lasted one heartbeat', () => {
    const run = open();
    for (let i = 0; i < 4; i++) run.lost().due().connected().greeted(10_000);
    expect(run.lost(drop, true, 9_999).state).toMatchObject({ phase: 'waiting', retries: 5 });
    run.due().connected().greeted(10_000);
    expect(run.lost(drop, true, 10_000).state).toMatchObject({ phase: 'waiting', retries: 1 });
  });

  it('takes the default heartbeat as the measure where the server names none', () => {
    const run = connecting().lost().due().connected(true);
    expect(run.lost(drop, true, 24_999).state).toMatchObject({ retries: 2 });
    run.due().connected(true);
    expect(run.lost(drop, true, 25_000).state).toMatchObject({ retries: 1 });
  });

  it('does not retry what shouldReconnect refuses', () => {
    const info = { code: 4403, reason: 'forbidden', wasClean: true };
    const run = open().lost(info, false);
    expect(run.state).toEqual({ phase: 'closed' });
    expect(run.actions).toEqual([['closed', info]]);
  });

  it.each([
    ['retry=1500', 1500],
    ['restarting, retry=20 please', 20],
    ['retry=99999999999', 600_000],
    ['', 125],
    ['retry=', 125],
    ['retry=-5', 125],
  ])('a restarting server says when to come back: %j', (reason, wait) => {
    expect(open().lost({ code: 1012, reason, wasClean: true }).wait).toBe(wait);
  });

  it('believes only a restarting server', () => {
    expect(open().lost({ code: 1013, reason: 'retry=1500', wasClean: true }).wait).toBe(125);
  });

  it('gives an attempt up that takes too long', () => {
    const run = connecting();
    expect(run.wait).toBe(20_000);
    expect(run.due().actions).toMatchObject([['abandon', { code: 1006 }]]);
  });

  it('gives a connection up that is not greeted', () => {
    const run = connecting().on(['connected', false], 15_000);
    expect(run.asked).toEqual([]);
    expect(run.wait).toBe(10_000);
    expect(run.due().actions).toEqual([
      ['abandon', { code: 1006, reason: 'greeting took too long', wasClean: false }],
    ]);
    expect(run.lost().state.phase).toBe('waiting');
  });
});

describe('the default shouldReconnect', () => {
  it.each([1000, 4000, 4400, 4403, 4999])('%d: no', (code) => {
    expect(shouldReconnect({ ...drop, code })).toBe(false);
  });
  it.each([1001, 1005, 1006, 1009, 1011, 1012, 1013, 3000, 3999])('%d: yes', (code) => {
    expect(shouldReconnect({ ...drop, code })).toBe(true);
  });
});

describe('the page coming back', () => {
  it('ends a wait and restarts the count', () => {
    const run = open().lost().due().lost().on(['wake']);
    expect(run.state).toMatchObject({ phase: 'connecting', retries: 0, again: true });
    expect(run.asked).toEqual(['connect']);
  });

  it('lets an attempt that is being made go on, and restarts the count', () => {
    const run = open().lost().due().on(['wake']);
    expect(run.state).toMatchObject({ phase: 'connecting', retries: 0 });
    expect(run.asked).toEqual([]);
  });

  it('revives a room that ran out of attempts', () => {
    const run = connecting();
    while (run.state.phase !== 'exhausted') {
      run.lost();
      if (run.state.phase === 'waiting') run.due();
    }
    expect(statusOf(run.state)).toBe('closed');
    run.on(['wake']);
    expect(run.state).toMatchObject({ phase: 'connecting', retries: 0 });
    expect(statusOf(run.state)).toBe('reconnecting');
  });

  it('leaves a room alone that was closed on purpose, by either side', () => {
    for (const run of [
      open().on(['close', 1000, '']).lost(),
      connecting().on(['close', 1000, '']),
      open().lost().on(['close', 1000, '']),
      open().lost({ ...drop, code: 4410 }, false),
    ]) {
      expect(run.state).toEqual({ phase: 'closed' });
      expect(run.on(['wake']).state).toEqual({ phase: 'closed' });
    }
  });
});

describe('the heartbeat', () => {
  it('pings every heartbeat from the greeting on', () => {
    const run = greeting().greeted(5_000);
    expect(run.actions).toEqual([['opened']]);
    for (let i = 0; i < 4; i++) {
      expect(run.wait).toBe(5_000);
      expect(run.due().actions).toEqual([['send', '{"t":"ping"}']]);
      run.on(['pong'], 20);
      run.now -= 20;
    }
  });

  it('reconnects after two missed answers, and not after one', () => {
    const run = open().due().due();
    expect(run.asked).toEqual(['send']);
    run.due();
    expect(run.actions).toMatchObject([['abandon', { code: 1006, wasClean: false }]]);
    expect(open().due().due().on(['pong']).due().asked).toEqual(['send']);
  });

  it.each([0, -1, NaN, '25000', null, undefined])('ignores %s for an interval', (heartbeat) => {
    const run = greeting().on(['greeted', heartbeat]);
    expect(statusOf(run.state)).toBe('open');
    expect(deadline(run.state)).toBeUndefined();
  });

  it('does not let a mistaken unit make it spin', () => {
    expect(greeting().greeted(0.025).wait).toBe(100);
  });

  it('takes an early tick for none', () => {
    const run = open().on(['tick'], 24_999);
    expect(run.asked).toEqual([]);
    expect(run.on(['tick'], 1).asked).toEqual(['send']);
  });
});

describe('leaving on purpose', () => {
  const close: Event = ['close', 3001, 'enough'];

  it('closes, and waits for the other half', () => {
    const run = open().on(close);
    expect(run.actions).toEqual([close]);
    expect(greeting().on(close).actions).toEqual([close]);
    const info = { code: 3001, reason: 'enough', wasClean: true };
    expect(run.lost(info, true).actions).toEqual([['closed', info]]);
    expect(run.state).toEqual({ phase: 'closed' });
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
    expect(run.state).toEqual({ phase: 'closed' });
    expect(run.asked).toEqual([]);
  });
});

it('ignores what comes too late to mean anything', () => {
  const late: Event[] = [
    ['connected', true],
    ['greeted', 1_000],
    ['pong'],
    ['lost', drop, true],
    ['wake'],
    ['tick'],
  ];
  const closed: State = { phase: 'closed' };
  for (const event of late) {
    expect(step({ phase: 'idle' }, event, 0, 0, policy)).toEqual([{ phase: 'idle' }, []]);
    expect(step(closed, event, 0, 0, policy)).toEqual([closed, []]);
  }
});
