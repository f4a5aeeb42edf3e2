import type { WebSocketLike } from 'roomful';
import { describe, expect, test, vi } from 'vitest';
import { boardIdFrom } from '../../src/shared/board-id.js';
import { keepIdentity, recallIdentity } from '../../src/shared/identity.js';
import { Network } from '../../src/shared/network.js';
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

describe('the identity', () => {
  const storage = (stored: string | null) => {
    const store = {
      getItem: () => stored,
      setItem: (_: string, value: string) => void (stored = value),
    };
    return store;
  };

  test('is kept over a reload', () => {
    const store = storage(null);
    const mine = recallIdentity(store);
    keepIdentity(mine, store);
    expect(recallIdentity(store)).toEqual(mine);
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
