import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  inject,
  onTestFinished,
  test,
} from 'vitest';
import { serve } from './servers.js';
import { FRAMEWORKS, SocketPage, type Asked } from './sockets/page.js';
import { Visitors } from './visitors.js';

let visitors: Visitors;
beforeAll(async () => void (visitors = await Visitors.arrive()));
afterAll(() => visitors.close());
afterEach(async () => {
  await visitors.allLeave();
  await expect.poll(connections).toBe(0);
  expect(visitors.complaints.splice(0)).toEqual([]);
});

describe.each(FRAMEWORKS)('useSocket of %s', (framework) => {
  const open = (socket: string, asked?: Asked) =>
    SocketPage.open(visitors, framework, socket, asked);

  test('opens, says, and shows the last that was said', async () => {
    const page = await open('echoSocket', { id: 'a' });
    await page.shows('status', 'open');
    await page.shows('last message', '');
    await page.say('{"question":"why?"}');
    await page.shows('last message', '{"question":"why?"}');
    await page.say('[1, null]');
    await page.shows('last message', '[1,null]');
    await page.shows('events', 'open');
    expect(page.connections).toBe(1);
  });

  test('a socket may have no params', async () => {
    const page = await open('plainSocket');
    await page.shows('status', 'open');
    await page.say('"hello"');
    await page.shows('last message', '"hello"');
  });

  test('a message that looks like a frame of the protocol is a message', async () => {
    const page = await open('echoSocket', { id: 'a' });
    for (const message of ['{"t":"ping"}', '{"t":"msg","msg":1}', '{"t":"error","code":"x"}']) {
      await page.say(message);
      await page.shows('last message', message);
    }
  });

  test('who is let in is known by what the address says', async () => {
    const path = '/__sockets?token=yes&user=Ada';
    const page = await open('guardedSocket', { id: 'a', path });
    await page.say('"it is me"');
    await page.shows('last message', '{"user":"Ada","id":"a","said":"it is me"}');
  });

  test.each([
    ['guardedSocket', 'forbidden'],
    ['noSuchSocket', 'unknown socket'],
  ])('%s is denied, and not asked for again', async (socket, reason) => {
    const page = await open(socket, { id: 'a' });
    await page.shows('close info', `4403 ${reason} clean`);
    await page.shows('events', `4403 ${reason} clean`);
    await page.letTimePass();
    await page.shows('status', 'closed');
    expect(page.connections).toBe(1);
  });

  test.each([
    ['"bye"', '4001 bye clean'],
    ['"nocode"', '1000  clean'],
  ])('the server’s close on %s is told, and stays', async (message, info) => {
    const page = await open('closerSocket', { id: 'a' });
    await page.say(message);
    await page.shows('close info', info);
    await page.letTimePass();
    await page.shows('status', 'closed');
    await page.shows('events', `open, ${info}`);
    expect(page.connections).toBe(1);
  });

  test('close is heard by the server as it was said, and stays', async () => {
    const page = await open('echoSocket', { id: 'a' });
    await page.shows('status', 'open');
    const before = (await log()).length;
    await page.press('Close');
    await page.shows('close info', '4000 done clean');
    await expect.poll(() => closesSince(before)).toEqual([[4000, 'done']]);
    await page.letTimePass();
    await page.shows('status', 'closed');
    expect(page.connections).toBe(1);
  });

  test('a component that goes closes its socket', async () => {
    const page = await open('echoSocket', { id: 'a' });
    await page.shows('status', 'open');
    const before = (await log()).length;
    await page.press('Unmount');
    await expect.poll(() => closesSince(before)).toEqual([[1000, '']]);
    await page.letTimePass();
    expect(page.connections).toBe(1);
  });

  test('a page that comes online asks its server for a sign of life, and stays', async () => {
    const page = await open('echoSocket', { id: 'a' });
    await page.shows('status', 'open');
    await page.wake();
    await expect.poll(() => page.sent).toEqual(['{"t":"ping"}']);
    // Answered before this is.
    await page.say('"alive"');
    await page.shows('last message', '"alive"');
    await page.runFor(10_000);
    await page.shows('events', 'open');
    expect(page.connections).toBe(1);
  });

  test('a server that is lost and comes back is talked to again', async () => {
    const start = async (port?: number) => {
      const server = await serve(inject('runtime'), 'fixture', port);
      onTestFinished(server.crash);
      return server;
    };
    const { url, crash } = await start();
    const page = await open('echoSocket', { id: 'a', url });
    await page.say('"before"');
    await page.shows('last message', '"before"');
    await crash();
    await page.shows('status', 'reconnecting');
    await page.shows('last message', '"before"');
    await page.say('"meanwhile"');

    await start(Number(new URL(url).port));
    await page.shows('last message', '"meanwhile"');
    await page.shows('status', 'open');
    // Every attempt that found nobody is a loss too, and one that a browser writes down.
    expect(await page.read('events')).toMatch(/^open(, 1006  unclean)+, open$/);
    const refused = /ERR_CONNECTION_(REFUSED|RESET)/;
    visitors.complaints = visitors.complaints.filter((complaint) => !refused.test(complaint));
  });
});

interface LogEntry {
  at: string;
  close?: [code: number, reason: string];
}

async function fixture<T>(path: string): Promise<T> {
  return (await (await fetch(`${inject('fixture').url}/__fixture/${path}`)).json()) as T;
}

const connections = async () => (await fixture<{ connections: number }>('stats')).connections;
const log = () => fixture<LogEntry[]>('log');

/** How sockets ended, as the server was told, after so many entries of its log. */
async function closesSince(before: number) {
  return (await log())
    .slice(before)
    .filter(({ at }) => at === 'close')
    .map(({ close }) => close);
}
