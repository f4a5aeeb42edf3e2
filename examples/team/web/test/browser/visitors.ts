import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const PASSWORD = 'of these tests';

export type Settings = Parameters<Browser['newContext']>[0];

/** A browser, and everybody who is in it. */
export class Visitors {
  readonly #contexts: BrowserContext[] = [];
  /** What any page threw. */
  readonly complaints: string[] = [];

  private constructor(private readonly browser: Browser) {}

  static async arrive(): Promise<Visitors> {
    const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
    return new Visitors(await chromium.launch({ executablePath, args: FLAGS }));
  }

  /** Opens this address in a browser that knows nothing. */
  async open(url: string, settings: Settings = {}): Promise<Page> {
    const context = await this.browser.newContext({
      viewport: { width: 1280, height: 800 },
      ...settings,
    });
    this.#contexts.push(context);
    // Under the test's own, so that it is the step that failed which is named.
    context.setDefaultTimeout(20_000);
    return this.openTab(context, url);
  }

  /** One more tab of somebody. */
  async openTab(of: BrowserContext, url: string): Promise<Page> {
    const page = await of.newPage();
    page.on('pageerror', (error) => this.complaints.push(`${url}: ${error}`));
    await page.goto(url);
    return page;
  }

  /** Joins by an invitation, under this name, and waits for the chat. */
  async join(invitation: string, name: string, settings: Settings = {}): Promise<Page> {
    const page = await this.open(invitation, settings);
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Join' }).click();
    await isOpen(page);
    return page;
  }

  async allLeave(): Promise<void> {
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()));
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}

export const isOpen = (page: Page) => page.locator('.page[data-status=open]').waitFor();

export async function signIn(page: Page, name: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** An address by which one more person joins. */
export async function invite(admin: Page): Promise<string> {
  const address = admin.getByLabel('The invitation');
  const before = (await address.count()) > 0 ? await address.inputValue() : '';
  await admin.getByRole('button', { name: 'Invite somebody' }).click();
  const made = await admin.waitForFunction((before) => {
    const value = document.querySelector<HTMLInputElement>('.admin input[readonly]')?.value;
    return value !== before && value;
  }, before);
  return (await made.jsonValue()) as string;
}

export async function say(page: Page, text: string): Promise<void> {
  const line = page.getByRole('textbox', { name: 'Say something' });
  await line.fill(text);
  await line.press('Enter');
}

/** Waits until the line is in what everybody sees. */
export const heard = (page: Page, text: string) =>
  page.locator('.line:not([data-state]) .text').getByText(text, { exact: true }).waitFor();

export const lines = (page: Page) =>
  page.locator('.line:not([data-state]) .text').allTextContents();

/** Waits until these are who is here, in the order in which they came. */
export async function roster(page: Page, names: readonly string[]): Promise<void> {
  await page.waitForFunction((wanted) => {
    const shown = [...document.querySelectorAll('.person')].map(
      (row) => row.querySelector('.name')?.textContent,
    );
    return JSON.stringify(shown) === JSON.stringify(wanted);
  }, names);
}

/** Waits until this person is here in so many tabs. */
export async function inTabs(page: Page, name: string, tabs: number): Promise<void> {
  await page.waitForFunction(
    ([name, tabs]) =>
      [...document.querySelectorAll('.person')].some(
        (row) =>
          row.querySelector('.name')?.textContent === name &&
          (row.querySelector('.tabs')?.textContent ?? '1') === `${tabs}`,
      ),
    [name, tabs] as const,
  );
}
