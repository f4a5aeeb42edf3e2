import type { WebSocketLike } from 'roomful';
import { describe, expect, test, vi } from 'vitest';
import { boardIdFrom } from '../../src/shared/board-id.js';
import { keepIdentity, recallIdentity, watchIdentity } from '../../src/shared/identity.js';
import { Network } from '../../src/shared/network.js';
import { secretOf, SOMEBODY_ELSE, storeOf } from '../../src/shared/person.js';
import { describeStatus } from '../../src/shared/status.js';
import { initials } from '../../src/shared/text.js';

describe('the address', () => {
  test.each([
    ['', 'main'],
    ['#', 'main'],
    ['#team-7', 'team-7'],
    ['#a%20b', 'a b'],
    ['#100%', '100%'],
  ])('%j is the board %j', (hash, board) => expect(boardIdFrom(hash)).toBe(board));
});

function storage(stored: string | null) {
  return {
    getItem: () => stored,
    setItem: (_: string, value: string) => void (stored = value),
  };
}

describe('whose tab it is', () => {
  const bytes = (byte: number) => () => new Uint8Array(16).fill(byte);

  test('is the same in every tab, and after a reload', () => {
    const store = storage(null);
    const secret = secretOf(store, bytes(10));
    expect(secret).toBe('0a'.repeat(16));
    expect(secretOf(store, bytes(11))).toBe(secret);
  });

  test('what cannot be a secret is made anew', () => {
    expect(secretOf(storage('ada'), bytes(255))).toBe('ff'.repeat(16));
  });

  test('is somebody else’s where the address says so', () => {
    const page = (search: string) =>
      ({ location: { search }, localStorage: 'person', sessionStorage: 'tab' }) as never;
    expect(storeOf(page(''))).toBe('person');
    expect(storeOf(page(SOMEBODY_ELSE))).toBe('tab');
  });
});

describe('the identity', () => {
  test('of another tab of this person is this one’s too', () => {
    const localStorage = {};
    const page = Object.assign(new EventTarget(), { location: { search: '' }, localStorage });
    const changed = vi.fn();
    const stop = watchIdentity(changed, page as never);
    const tell = (key: string, newValue: string | null, storageArea: unknown = localStorage) =>
      page.dispatchEvent(Object.assign(new Event('storage'), { key, newValue, storageArea }));
    tell('cursors.identity', '{"name":"Ada","color":"rose"}');
    expect(changed.mock.calls).toEqual([[{ name: 'Ada', color: 'rose' }]]);
    tell('cursors.identity', '{"name":"Ben","color":"rose"}', {});
    tell('another', '{"name":"Ben","color":"rose"}');
    tell('cursors.identity', null);
    stop();
    tell('cursors.identity', '{"name":"Ben","color":"rose"}');
    expect(changed).toHaveBeenCalledTimes(1);
  });

  test('is kept over a reload', () => {
    const store = storage(null);
    const mine = recallIdentity(store);
    expect(recallIdentity(store)).toEqual(mine);
    keepIdentity({ name: 'Ada', color: 'rose' }, store);
    expect(recallIdentity(store)).toEqual({ name: 'Ada', color: 'rose' });
  });

  test.each(['{', 'null', '{"name":7}', '{"name":"Ada","color":"beige"}'])(
    '%s in the storage is no identity',
    (stored) => {
      expect(recallIdentity(storage(stored), () => 0)).toEqual({
        name: 'Quiet Otter',
        color: 'rose',
      });
    },
  );

  test('has two initials at most', () => {
    expect(initials('Ada')).toBe('A');
    expect(initials('Ada King Lovelace')).toBe('AL');
    expect(initials('🦀 crab')).toBe('🦀C');
  });
});

describe('the plug', () => {
  class FakeSocket implements WebSocketLike {
    static made: FakeSocket[] = [];
    readyState = 1;
    protocol = '';
    bufferedAmount = 0;
    onopen = null;
    onmessage = null;
    onclose: ((event: unknown) => void) | null = null;
    onerror = null;
    send = vi.fn();
    close = vi.fn();
    constructor() {
      FakeSocket.made.push(this);
    }
  }

  test('pulled, it ends what is open as a lost network does, and nothing new opens', async () => {
    const network = new Network(FakeSocket);
    const socket = new network.WebSocket('ws://board', []);
    const onclose = vi.fn();
    socket.onclose = onclose;
    network.unplug();
    expect(onclose).toHaveBeenCalledWith(expect.objectContaining({ code: 1006, wasClean: false }));
    expect(FakeSocket.made[0]?.close).toHaveBeenCalledWith(4900);

    const dead = new network.WebSocket('ws://board', []);
    await new Promise((closed) => (dead.onclose = closed));
    expect(FakeSocket.made).toHaveLength(1);
  });

  test('put back, it says what a browser says', () => {
    const dispatchEvent = vi.fn();
    vi.stubGlobal('dispatchEvent', dispatchEvent);
    const network = new Network(FakeSocket);
    network.unplug();
    network.plug();
    expect(dispatchEvent).toHaveBeenCalledWith(expect.objectContaining({ type: 'online' }));
    expect(network.plugged.get()).toBe(true);
  });
});

describe('the status', () => {
  const close = (code: number, reason = '') => ({ code, reason, wasClean: true });

  test('says what a visitor can do with it', () => {
    expect(describeStatus('open', undefined, true)).toEqual({ tone: 'good', label: 'Live' });
    expect(describeStatus('reconnecting', close(1006), false).label).toBe('Offline');
    expect(describeStatus('reconnecting', close(1012), true).label).toBe('Reconnecting');
    expect(describeStatus('closed', close(4403, 'forbidden'), true).detail).toContain(
      'not open to you',
    );
    expect(describeStatus('closed', close(4410), true).detail).toContain('removed');
    expect(describeStatus('closed', close(4000, 'the board was archived'), true).detail).toBe(
      'the board was archived',
    );
  });
});
