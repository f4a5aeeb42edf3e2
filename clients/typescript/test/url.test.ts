import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { room } from '../src/index.js';
import { socketUrl, withoutQuery } from '../src/url.js';

const ref = room('board', 'cursors');
const url = 'https://roomful.test';

afterEach(() => vi.unstubAllGlobals());

describe('the address of a room', () => {
  it.each([
    ['http://h', undefined, 'ws://h/__sockets?m=board&s=cursors'],
    ['https://h', undefined, 'wss://h/__sockets?m=board&s=cursors'],
    ['ws://h:8080', undefined, 'ws://h:8080/__sockets?m=board&s=cursors'],
    ['wss://h/app/#top', undefined, 'wss://h/__sockets?m=board&s=cursors'],
    ['https://h/app/', 'live', 'wss://h/app/live?m=board&s=cursors'],
    ['https://h', '/live?token=yes', 'wss://h/live?token=yes&m=board&s=cursors'],
  ])('%s and %s', (url, path, address) => {
    expect(socketUrl(ref, undefined, { url, path })).toBe(address);
  });

  it('is the page’s own when none is given', () => {
    vi.stubGlobal('location', { href: 'https://page.test/deep/page?q=1#top' });
    expect(socketUrl(ref, undefined, {})).toBe('wss://page.test/__sockets?m=board&s=cursors');
  });

  it('cannot be made where there is no page', () => {
    vi.stubGlobal('location', undefined);
    expect(() => socketUrl(ref, undefined, {})).toThrow(TypeError);
  });

  it('that is none is refused without showing its query', () => {
    const refused = (): unknown => {
      try {
        return socketUrl(ref, undefined, {
          url: 'nowhere?key=secret',
          path: '//?token=a "secret\' secret',
        });
      } catch (error) {
        return error;
      }
    };
    expect(refused()).toBeInstanceOf(TypeError);
    expect(inspect(refused(), { showHidden: true })).not.toContain('secret');
    expect(`${refused()}`).toBe('TypeError: no address: // at nowhere');
  });
});

it.each([
  ['wss://a.test/live?token=secret', 'wss://a.test/live'],
  ['wss://a.test/live#secret', 'wss://a.test/live'],
  ['wss://user:secret@a.test/live', 'wss://a.test/live'],
  [
    "SyntaxError: The URL 'wss://user:secret@a.test/#x' is no",
    "SyntaxError: The URL 'wss://a.test/",
  ],
  ['wss://a.test/live', 'wss://a.test/live'],
])('%j is shown as %j', (address, shown) => {
  expect(withoutQuery(address)).toBe(shown);
});

describe('the key', () => {
  const params = (key: object) => new URL(socketUrl(ref, key, { url })).searchParams.get('r');

  it.each([
    [{ boardId: 'main' }, '{"boardId":"main"}'],
    [{ b: '2', a: '1' }, '{"a":"1","b":"2"}'],
    [{ a: undefined }, null],
    [{ a: '' }, null],
    [{ a: '', b: '0' }, '{"b":"0"}'],
    [{}, null],
    [{ a: 'a/b +&%é' }, '{"a":"a/b +&%é"}'],
  ])('%j', (key, r) => {
    expect(params(key)).toBe(r);
  });

  it('that is a lone surrogate is sent as an escape', () => {
    expect(params({ a: '\ud800' })).toBe('{"a":"\\ud800"}');
  });
});
