/** Whose pages may connect, by what a browser really sends: the board lets in its own, and names no other. */
import type { AddressInfo } from 'node:net';
import type { Frame, Page } from 'playwright-core';
import { createServer, type ProxyOptions, type ViteDevServer } from 'vite';
import { afterAll, afterEach, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { Visitors } from './visitors.js';

let visitors: Visitors;
beforeAll(async () => void (visitors = await Visitors.arrive()));
afterEach(() => visitors.allLeave());
afterAll(() => visitors.close());

const SOCKET = '/__sockets?m=board&s=cursors&r=%7B%22boardId%22%3A%22origins%22%7D';

/** What comes of a connection from a page to a server. */
async function connect(page: Page | Frame, server: string): Promise<'open' | 'refused'> {
  return page.evaluate(
    (url) => {
      const socket = new WebSocket(url);
      return new Promise((resolve) => {
        socket.onopen = () => resolve('open');
        socket.onerror = () => resolve('refused');
      });
    },
    server.replace(/^http/, 'ws') + SOCKET,
  );
}

/** Vite's dev server with a page, from which the rooms are reached through its proxy. */
async function develop(proxy: ProxyOptions): Promise<string> {
  const target = inject('board').url;
  const vite: ViteDevServer = await createServer({
    configFile: false,
    logLevel: 'silent',
    server: { host: '127.0.0.1', port: 0, proxy: { '/__sockets': { target, ws: true, ...proxy } } },
  });
  onTestFinished(() => vite.close());
  await vite.listen();
  return `http://127.0.0.1:${(vite.httpServer!.address() as AddressInfo).port}`;
}

async function at(url: string): Promise<Page> {
  const page = await visitors.enter('Ada');
  await page.goto(url);
  return page;
}

test('the page that the board serves may connect', async () => {
  const { url } = inject('board');
  expect(await connect(await at(url), url)).toBe('open');
});

test('a page of another port may not, nor one of another name for the same machine', async () => {
  const { url } = inject('board');
  expect(await connect(await at(inject('pages')), url)).toBe('refused');
  const { port } = new URL(url);
  expect(await connect(await at(url), `http://localhost:${port}`)).toBe('refused');
});

test('a page without an origin may not', async () => {
  const { url } = inject('board');
  const page = await at(url);
  await page.setContent('<iframe sandbox="allow-scripts" srcdoc="<p>hi</p>"></iframe>');
  const frame = page.frames().find((frame) => frame !== page.mainFrame())!;
  await frame.waitForSelector('p');
  expect(await frame.evaluate(() => origin)).toBe('null');
  expect(await connect(frame, url)).toBe('refused');
});

test('behind the proxy of Vite a page may connect where the proxy passes its host on', async () => {
  const passing = await develop({});
  expect(await connect(await at(passing), passing)).toBe('open');
});

test('and where it names the server that it goes to, in both headers', async () => {
  const rewriting = await develop({ changeOrigin: true });
  expect(await connect(await at(rewriting), rewriting)).toBe('refused');
  const both = await develop({ changeOrigin: true, rewriteWsOrigin: true });
  expect(await connect(await at(both), both)).toBe('open');
});
