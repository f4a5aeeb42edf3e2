/** How the connection machine retries: how often, how long after, and when no more. */
import { describe, expect, it } from 'vitest';
import { mayOpen, shouldReconnect } from '../src/connection/machine.js';
import * as machine from '../src/connection/machine.js';
import { CLOSED, CONNECTING, WAITING } from '../src/connection/phases.js';
import { connecting, drop, failing, open, policy, Run } from './support/machine.js';

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
