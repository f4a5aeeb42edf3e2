// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createDriver, type DriverHost } from '../src/connection/driver.js';
import * as machine from '../src/connection/machine.js';
import { page } from '../src/connection/environment.js';
import { fakeSockets } from './support/sockets.js';

afterEach(() => vi.restoreAllMocks());

describe('the page', () => {
  const visibility = (state: DocumentVisibilityState) => {
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(state === 'hidden');
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  };

  it('wakes a connection when it comes online, is shown or becomes visible', () => {
    const woken = vi.fn();
    const stop = page.onWake(woken);
    window.dispatchEvent(new Event('online'));
    expect(woken).toHaveBeenCalledTimes(1);
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    expect(woken).toHaveBeenCalledTimes(2);
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false }));
    expect(woken).toHaveBeenCalledTimes(2);
    visibility('visible');
    expect(woken).toHaveBeenCalledTimes(3);
    visibility('hidden');
    expect(woken).toHaveBeenCalledTimes(3);
    window.dispatchEvent(new Event('online'));
    expect(woken).toHaveBeenCalledTimes(4);
    expect(woken.mock.calls).toEqual([[false], [false], [false], [false]]);
    stop();
    window.dispatchEvent(new Event('online'));
    visibility('visible');
    expect(woken).toHaveBeenCalledTimes(4);
  });

  it('lets a connection sleep when it goes into the back/forward cache, and not when it ends', () => {
    const woken = vi.fn();
    const stop = page.onWake(woken);
    window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: false }));
    expect(woken).not.toHaveBeenCalled();
    window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
    expect(woken.mock.calls).toEqual([[true]]);
    stop();
    window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
    expect(woken).toHaveBeenCalledTimes(1);
  });

  it('knows whether there is no network', () => {
    expect(page.isOffline()).toBe(false);
    vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
    expect(page.isOffline()).toBe(true);
    vi.stubGlobal('navigator', undefined);
    expect(page.isOffline()).toBe(false);
    vi.unstubAllGlobals();
  });

  it('has a clock, timers and chance', () => {
    vi.useFakeTimers();
    const [called, cancelled] = [vi.fn(), vi.fn()];
    const before = page.now();
    const [later, cancelling] = [page.timer(), page.timer()];
    later(10, cancelled);
    later(50, called);
    cancelling(50, cancelled);
    cancelling();
    for (const never of [Infinity, NaN]) page.timer()(never, cancelled);
    vi.advanceTimersByTime(50);
    expect(page.now() - before).toBe(50);
    expect(called).toHaveBeenCalledOnce();
    expect(cancelled).not.toHaveBeenCalled();
    expect(page.random()).toBeGreaterThanOrEqual(0);
    expect(page.random()).toBeLessThan(1);
    vi.useRealTimers();
  });
});

it('a heartbeat longer than a timer can be does not fire at once', () => {
  vi.useFakeTimers();
  const { WebSocket, all } = fakeSockets();
  const host: DriverHost = {
    accepted: () => {},
    opened: () => {},
    closed: () => {},
    stepped: () => {},
    received: () => {},
    failed: () => {},
    resumption: () => [],
    shouldReconnect: () => true,
  };
  const driver = createDriver('ws://h', WebSocket, () => ({}), page, host);
  driver.dispatch(machine.start);
  all[0]!.accept();
  driver.dispatch(machine.greeted, 2 ** 33);
  vi.advanceTimersByTime(2 ** 33 - 1);
  expect(all[0]!.sent).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(all[0]!.sent).toEqual(['{"t":"ping"}']);
  vi.useRealTimers();
});
