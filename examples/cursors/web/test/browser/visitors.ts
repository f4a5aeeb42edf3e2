import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { inject } from 'vitest';

export const FRAMEWORKS = [
  ['Preact', '/'],
  ['React', '/react.html'],
] as const;

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export type Settings = Parameters<Browser['newContext']>[0];

/** A browser, and everybody who is in it. */
export class Visitors {
  readonly #contexts: BrowserContext[] = [];
  /** What any page complained of. */
  complaints: string[] = [];

  private constructor(private readonly browser: Browser) {}

  static async arrive(): Promise<Visitors> {
    const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
    return new Visitors(await chromium.launch({ executablePath, args: FLAGS }));
  }

  /** Opens the board as somebody with this name. Waits for the status wanted. */
  async open(
    path: string,
    board: string,
    name: string,
    settings: Settings = {},
    wanted = 'Live',
    { color = 'teal', url = inject('board').url } = {},
  ): Promise<Page> {
    const page = await this.enter(name, settings);
    await page.context().addInitScript((identity) => {
      localStorage.setItem(
        'cursors.identity',
        localStorage.getItem('cursors.identity') ?? identity,
      );
    }, JSON.stringify({ name, color }));
    await page.goto(`${url}${path}#${board}`);
    await status(page, wanted);
    return page;
  }

  /** Opens one more tab of the same person, with what the first one shows or something else. */
  async openTab(first: Page, url = first.url()): Promise<Page> {
    const page = await first.context().newPage();
    this.#listen(page, 'a further tab');
    await page.goto(url);
    await status(page, 'Live');
    return page;
  }

  /** An empty page, in a profile of its own, of which every complaint is kept. */
  async enter(name: string, settings: Settings = {}): Promise<Page> {
    const context = await this.browser.newContext({
      viewport: { width: 1280, height: 800 },
      ...settings,
    });
    this.#contexts.push(context);
    // Under the test's own, so that it is the step that failed which is named.
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    this.#listen(page, name);
    return page;
  }

  #listen(page: Page, name: string): void {
    page.on('pageerror', (error) => this.complaints.push(`${name}: ${error}`));
    page.on('console', (message) => {
      // React recommends its tools as `info`.
      if (!['log', 'info'].includes(message.type()))
        this.complaints.push(`${name}: ${message.type()}: ${message.text()}`);
    });
  }

  async allLeave(): Promise<void> {
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()));
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}

export async function status(page: Page, label: string): Promise<void> {
  await page.getByRole('status').filter({ hasText: label }).waitFor();
}

/** The names in the roster, one's own first. Waits until there are so many. */
export async function roster(page: Page, names: readonly string[]): Promise<void> {
  await page.waitForFunction((wanted) => {
    const rows = [...document.querySelectorAll('.roster .person')];
    const shown = rows.map(
      (row) => row.querySelector('input')?.value ?? row.querySelector('.person-name')?.textContent,
    );
    return JSON.stringify(shown) === JSON.stringify(wanted);
  }, names);
}

/** Waits until the person with this name has a face that says in how many tabs they are, 1 by saying nothing. */
export async function inTabs(page: Page, name: string, tabs: number): Promise<void> {
  await page.waitForFunction(
    ([name, tabs]) => {
      const row = [...document.querySelectorAll('.roster .person')].find(
        (row) =>
          (row.querySelector('input')?.value ?? row.querySelector('.person-name')?.textContent) ===
          name,
      );
      return row && (row.querySelector('.tabs')?.textContent ?? '1') === `${tabs}`;
    },
    [name, tabs] as const,
  );
}

/** Waits until a cursor with this name stands at this part of the board. */
export async function cursorAt(page: Page, name: string, x: number, y: number): Promise<void> {
  await page.waitForFunction(
    ([name, x, y]) => {
      const board = document.querySelector('.surface')!.getBoundingClientRect();
      const near = (at: number, part: number) => Math.abs(at - part) < 0.01;
      return [...document.querySelectorAll('.cursors .cursor')]
        .filter((cursor) => cursor.querySelector('.cursor-name')?.textContent === name)
        .map((cursor) => cursor.getBoundingClientRect())
        .some(
          ({ left, top }) =>
            near((left - board.left) / board.width, x) && near((top - board.top) / board.height, y),
        );
    },
    [name, x, y] as const,
  );
}

/** Moves the mouse to this part of the board, as a hand does. */
export async function moveTo(page: Page, x: number, y: number): Promise<void> {
  // Of a tab behind another one each move takes a second.
  await page.bringToFront();
  const box = (await page.locator('.surface').boundingBox())!;
  await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 8 });
}

export async function say(page: Page, text: string): Promise<void> {
  const line = page.getByLabel('Say something to everybody here');
  await line.fill(text);
  await line.press('Enter');
}

export async function heard(page: Page, text: string): Promise<void> {
  await page.getByRole('log').getByText(text, { exact: true }).waitFor();
}
