/** The three engines that browsers are built on, each driven by what Debian has for it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { chromium as playwright, type CDPSession, type Page } from 'playwright-core';
import { launch, type Page as FirefoxPage } from 'puppeteer-core';

/** One tab of a browser. */
export interface Tab {
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  back(): Promise<void>;
  /** Runs a function of the page's, without anything of what is around it. */
  run<A extends unknown[], R>(call: (...args: A) => R | Promise<R>, ...args: A): Promise<R>;
  /** Brings it before the others. */
  show(): Promise<void>;
  close(): Promise<void>;
}

export interface Engine {
  open(url: string): Promise<Tab>;
  close(): Promise<void>;
}

/** What only one engine's driver can do. */
export interface ChromiumTab extends Tab {
  /** As a browser does with a tab that nobody has looked at for long. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  offline(isOffline: boolean): Promise<void>;
}

export const ENGINES = { chromium, firefox, webkit };
export type EngineName = keyof typeof ENGINES;

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FIREFOX = '/usr/bin/firefox-esr';
const WEBKIT = '/usr/bin/WebKitWebDriver';

const source = (call: (...args: never[]) => unknown, args: unknown[]) =>
  `(${call})(...${JSON.stringify(args)})`;

async function chromium(): Promise<Engine & { open(url: string): Promise<ChromiumTab> }> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
  const browser = await playwright.launch({
    executablePath: CHROMIUM,
    args,
    // Its driver takes it away, and a page that is left is to be kept here.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
  const context = await browser.newContext();
  return {
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      const cdp = await context.newCDPSession(page);
      return chromiumTab(page, cdp);
    },
    close: () => browser.close(),
  };
}

function chromiumTab(page: Page, cdp: CDPSession): ChromiumTab {
  const state = (state: 'frozen' | 'active') => cdp.send('Page.setWebLifecycleState', { state });
  return {
    goto: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    // A page that was kept is not loaded again.
    back: async () => void (await page.goBack({ waitUntil: 'commit' })),
    run: (call, ...args) => page.evaluate(source(call as never, args)) as never,
    show: () => page.bringToFront(),
    close: () => page.close(),
    freeze: async () => void (await state('frozen')),
    thaw: async () => void (await state('active')),
    // Of this tab alone: the driver's own way is for all of them.
    offline: async (offline) =>
      void (await cdp.send('Network.emulateNetworkConditions', {
        offline,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      })),
  };
}

async function firefox(): Promise<Engine> {
  const browser = await launch({ browser: 'firefox', executablePath: FIREFOX, headless: true });
  const tab = (page: FirefoxPage): Tab => ({
    goto: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    back: async () => void (await page.goBack()),
    run: (call, ...args) => page.evaluate(source(call as never, args)) as never,
    show: () => page.bringToFront(),
    close: () => page.close(),
  });
  return {
    async open(url) {
      const page = await browser.newPage();
      await page.goto(url);
      return tab(page);
    },
    close: () => browser.close(),
  };
}

/** WebDriver as it is: each command is one request. */
async function webkit(): Promise<Engine> {
  const display = await virtualDisplay();
  const port = await freePort();
  const driver = spawn(WEBKIT, [`--port=${port}`], {
    env: { ...process.env, DISPLAY: display.name, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' },
    stdio: 'inherit',
  });
  process.once('exit', () => driver.kill());
  await listens(port);

  async function ask(method: string, path: string, body?: object): Promise<any> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    const { value } = (await response.json()) as { value: any };
    if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  }

  const browserOptions = { binary: await miniBrowser(), args: ['--automation'] };
  const { sessionId } = await ask('POST', '/session', {
    capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': browserOptions } },
  });
  const post = (path: string, body: object = {}) =>
    ask('POST', `/session/${sessionId}${path}`, body);
  const first: string = await ask('GET', `/session/${sessionId}/window`);
  /** What is asked concerns the window that was switched to, so one thing is asked at a time. */
  let last: Promise<unknown> = Promise.resolve();
  function inWindow<T>(handle: string, act: () => Promise<T>): Promise<T> {
    const result = last.then(async () => {
      await post('/window', { handle });
      return act();
    });
    last = result.catch(() => {});
    return result;
  }

  return {
    async open(url) {
      const { handle } = await inWindow(first, () => post('/window/new', { type: 'tab' }));
      const tab: Tab = {
        goto: (url) => inWindow(handle, () => post('/url', { url })),
        reload: () => inWindow(handle, () => post('/refresh')),
        back: () => inWindow(handle, () => post('/back')),
        run: (call, ...args) =>
          inWindow(handle, async () => {
            const script = `const done = arguments[arguments.length - 1];
              Promise.resolve(${source(call as never, args)}).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
            const { value, error } = await post('/execute/async', { script, args: [] });
            if (error) throw new Error(error);
            return value;
          }),
        show: () => inWindow(handle, async () => {}),
        close: () => inWindow(handle, () => ask('DELETE', `/session/${sessionId}/window`)),
      };
      await tab.goto(url);
      return tab;
    },
    async close() {
      await ask('DELETE', `/session/${sessionId}`);
      await ended(driver);
      await ended(display.server);
    },
  };
}

/** It lies in a folder that has the machine's architecture and the library's version in its name. */
async function miniBrowser(): Promise<string> {
  for (const machine of await readdir('/usr/lib')) {
    const library = `/usr/lib/${machine}/webkit2gtk-4.1/MiniBrowser`;
    if (existsSync(library)) return library;
  }
  throw new Error('there is no MiniBrowser of webkit2gtk-4.1');
}

async function virtualDisplay(): Promise<{ name: string; server: ChildProcess }> {
  const server = spawn(
    'Xvfb',
    ['-displayfd', '1', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  process.once('exit', () => server.kill());
  const [number] = (await once(server.stdout!, 'data')) as [Buffer];
  return { name: `:${String(number).trim()}`, server };
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill();
  await exit;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listens(port: number): Promise<void> {
  for (;;) {
    const answered = await fetch(`http://127.0.0.1:${port}/status`).catch(() => undefined);
    if (answered?.ok) return;
    await wait(50);
  }
}
