/** Feeds and live values: the hooks, and `EventSource` against the same address. */
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  inject,
  onTestFinished,
  test,
} from 'vitest';
import { layCable } from '../../engines/cable.js';
import { HeardPage, type Asked } from '../heard/page.js';
import { serve } from '../servers.js';
import { FRAMEWORKS } from '../sockets/page.js';
import { Visitors } from '../visitors.js';

let visitors: Visitors;
beforeAll(async () => void (visitors = await Visitors.arrive()));
afterAll(() => visitors.close());
afterEach(async () => {
  await visitors.allLeave();
  expect(visitors.complaints.splice(0)).toEqual([]);
});

let id: string;
let ids = 0;
beforeEach(() => void (id = `heard-${++ids}`));

const of = (name: string) => `r=${encodeURIComponent(JSON.stringify({ id: name }))}`;

async function post(path: string, body = '', url = inject('fixture').url): Promise<void> {
  const { status } = await fetch(`${url}/__fixture/${path}`, { method: 'POST', body });
  if (status !== 200) throw new Error(`${path} was answered with ${status}`);
}

const publish = (event: unknown, url?: string, feed = 'ticker') =>
  post(`publish?feed=${feed}&${of(id)}`, JSON.stringify(event), url);
const wake = (url?: string) => post(`wake?live=counter&${of(id)}`, '', url);

/** A connection that breaks is one that a browser writes down. */
const forgetLosses = () => {
  const lost = /ERR_CONNECTION_(REFUSED|RESET)|net::ERR_|WebSocket connection to/;
  visitors.complaints = visitors.complaints.filter((complaint) => !lost.test(complaint));
};

describe.each(FRAMEWORKS)('useFeed and useLive of %s', (framework) => {
  const open = (asked: Partial<Asked> = {}) =>
    HeardPage.open(visitors, framework, { id, ...asked });

  test('show what is published, and what the value is, over one connection each', async () => {
    const page = await open();
    await page.shows('feed', 'open');
    await page.shows('value', '0');
    await publish({ a: 1 });
    await publish(null);
    await page.shows('last', '[{"a":1},null]');
    await wake();
    await page.shows('value', '1');
    await page.shows('told', 'open, {"a":1}, null');
    await page.shows('error', 'none');
    expect(page.connections).toEqual({ feed: 1, live: 1 });
  });

  test('a connection that broke is told what it missed, in order and once', async () => {
    const cable = await layCable(inject('fixture').url);
    onTestFinished(cable.remove);
    const page = await open({ url: cable.url });
    await page.shows('feed', 'open');
    await page.shows('value', '0');
    await publish(1);
    await page.shows('last', '[1]');
    cable.pull();
    await page.shows('feed', 'reconnecting');
    for (const event of [2, 3, 4]) await publish(event);
    await wake();
    expect([await page.read('value'), await page.read('last')]).toEqual(['0', '[1]']);
    cable.mend();
    await page.shows('last', '[2,3,4]');
    await page.shows('value', '1');
    const told = (await page.read('told'))!.replaceAll('1006 , ', '');
    expect(told).toBe('open, 1, open, resumed, 2, 3, 4');
    forgetLosses();
  });

  test('a server that is killed and comes back: what was missed is told of, the value stays', async () => {
    const start = async (port?: number) => {
      const server = await serve('axum', 'fixture', port);
      onTestFinished(server.crash);
      return server;
    };
    const { url, crash } = await start();
    const page = await open({ url });
    await page.shows('feed', 'open');
    await wake(url);
    await page.shows('value', '1');
    await publish('before', url);
    await page.shows('last', '["before"]');
    await crash();
    await page.shows('feed', 'reconnecting');
    expect(await page.read('value')).toBe('1');

    await start(Number(new URL(url).port));
    await page.shows('feed', 'open');
    await page.shows('last', '["before","missed"]');
    await publish('after', url);
    await page.shows('last', '["before","missed","after"]');
    // It has begun to count anew.
    await page.shows('value', '0');
    expect((await page.read('told'))!.replaceAll('1006 , ', '')).toBe(
      'open, "before", open, missed, "after"',
    );
    forgetLosses();
  });

  test('who is let in is known by what the address says; who is not is not asked for again', async () => {
    const denied = await open({ feed: 'guardedFeed' });
    await denied.shows('feed', 'closed');
    await denied.shows('told', '4403 forbidden');
    const letIn = await open({ feed: 'guardedFeed', path: '/__sockets?token=yes' });
    await letIn.shows('feed', 'open');
    await publish('hello', undefined, 'guardedFeed');
    await letIn.shows('last', '["hello"]');
    expect(denied.connections.feed).toBe(1);
  });

  test('refresh asks anew, and shows the same meanwhile', async () => {
    const page = await open();
    await page.shows('value', '0');
    await wake();
    await page.shows('value', '1');
    await page.press('Refresh');
    await expect.poll(() => page.connections.live).toBe(2);
    await wake();
    await page.shows('value', '2');
    expect(page.connections.feed).toBe(1);
  });

  test('a page that a server has rendered goes on with its value', async () => {
    for (let i = 0; i < 3; i++) await wake();
    const page = await open({ rendered: '3' });
    await page.shows('feed', 'open');
    await page.shows('value', '3');
    await wake();
    await page.shows('value', '4');
    expect(page.connections).toEqual({ feed: 1, live: 1 });
  });

  test('components that go listen no more', async () => {
    const page = await open();
    await page.shows('value', '0');
    await page.shows('feed', 'open');
    // Those of the tests before have gone.
    await expect.poll(connections).toBe(2);
    await page.press('Unmount');
    await expect.poll(connections).toBe(0);
  });
});

/** Chromium waits for three seconds before it asks again. */
const LATER = 20_000;

describe('EventSource', () => {
  /** A page of the server's own, which listens and writes down what it hears. */
  async function listen(url: string, query: string) {
    const page = await visitors.enter('EventSource');
    // Every page is asked for a picture.
    await page.route('**/favicon.ico', (route) => route.fulfill({ status: 204 }));
    await page.goto(`${url}/__fixture/stats`);
    await page.evaluate((address) => {
      const heard: string[] = [];
      const source = new EventSource(address);
      for (const kind of ['event', 'value', 'gap']) {
        source.addEventListener(kind, ({ data }) => heard.push(`${kind} ${data}`));
      }
      source.onopen = () => heard.push('open');
      source.onerror = () => heard.push(source.readyState === 2 ? 'closed' : 'lost');
      Object.assign(globalThis, { heard });
    }, `/__sockets?m=fixture&${query}`);
    const heard = () =>
      page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard.join(', '));
    return { hears: (text: string) => expect.poll(heard).toBe(text), heard };
  }

  test('hears events and values', async () => {
    const { url } = inject('fixture');
    const feed = await listen(url, `s=ticker&${of(id)}`);
    const live = await listen(url, `s=counter&${of(id)}`);
    await feed.hears('open');
    await live.hears('open, value 0');
    await publish({ a: [1, null] });
    await wake();
    await feed.hears('open, event {"a":[1,null]}');
    await live.hears('open, value 0, value 1');
  });

  test('comes back by itself, and is sent what it missed', async () => {
    const cable = await layCable(inject('fixture').url);
    onTestFinished(cable.remove);
    const feed = await listen(cable.url, `s=ticker&${of(id)}`);
    await feed.hears('open');
    await publish(1);
    await feed.hears('open, event 1');
    cable.pull();
    await expect.poll(feed.heard).toMatch(/lost$/);
    await publish(2);
    await publish(3);
    cable.mend();
    await expect
      .poll(feed.heard, { timeout: LATER })
      .toMatch(/^open, event 1, (lost, )+open, event 2, event 3$/);
    forgetLosses();
  });

  test('is told of a gap where what it missed cannot be had', async () => {
    const server = await serve('axum', 'fixture');
    onTestFinished(server.crash);
    const cable = await layCable(server.url);
    onTestFinished(cable.remove);
    const feed = await listen(cable.url, `s=ticker&${of(id)}`);
    await feed.hears('open');
    await publish('before', server.url);
    await feed.hears('open, event "before"');
    await server.crash();
    await expect.poll(feed.heard).toMatch(/lost$/);
    const again = await serve('axum', 'fixture', Number(new URL(server.url).port));
    onTestFinished(again.crash);
    await expect
      .poll(feed.heard, { timeout: LATER })
      .toMatch(/open, gap \{"epoch":"\w+","seq":0\}$/);
    forgetLosses();
  });

  test('is closed for good where it is denied', async () => {
    const { url } = inject('fixture');
    const denied = await listen(url, `s=guardedFeed&${of(id)}`);
    await denied.hears('closed');
    const letIn = await listen(url, `s=guardedFeed&token=yes&${of(id)}`);
    await letIn.hears('open');
    // Chromium writes down what was answered 403.
    visitors.complaints = visitors.complaints.filter((complaint) => !/403/.test(complaint));
  });
});

async function connections(): Promise<number> {
  const stats = await fetch(`${inject('fixture').url}/__fixture/stats`);
  return ((await stats.json()) as { connections: number }).connections;
}
