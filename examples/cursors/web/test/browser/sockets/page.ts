/** The page with one socket of the fixture, as a test sees it. */
import type { Page } from 'playwright-core';
import { inject } from 'vitest';
import type { Visitors } from '../visitors.js';

export const FRAMEWORKS = ['preact', 'react'] as const;
export type Framework = (typeof FRAMEWORKS)[number];

type Label = 'status' | 'last message' | 'close info' | 'events';

export interface Asked {
  id?: string;
  /** Where the server is asked, with a query if it is to have one. */
  path?: string;
  /** The server, when it is not the fixture of all tests. */
  url?: string;
}

export class SocketPage {
  /** How many connections it has made. */
  connections = 0;
  /** What it has sent over them, frame by frame. */
  readonly sent: (string | Buffer)[] = [];

  private constructor(readonly page: Page) {
    page.on('websocket', (socket) => {
      this.connections++;
      socket.on('framesent', ({ payload }) => this.sent.push(payload));
    });
  }

  static async open(
    visitors: Visitors,
    framework: Framework,
    socket: string,
    { url = inject('fixture').url, ...asked }: Asked = {},
  ): Promise<SocketPage> {
    const page = await visitors.enter(socket);
    await page.clock.install();
    const opened = new SocketPage(page);
    const query = new URLSearchParams({ socket, url, ...asked });
    await page.goto(`${inject('pages')}/${framework}?${query}`);
    return opened;
  }

  /** Says something in JSON. */
  async say(json: string): Promise<void> {
    const message = this.page.getByLabel('message', { exact: true });
    await message.fill(json);
    await message.press('Enter');
  }

  async press(button: 'Close' | 'Unmount'): Promise<void> {
    await this.page.getByRole('button', { name: button }).click();
  }

  /** Waits until the page shows exactly this. */
  async shows(label: Label, text: string): Promise<void> {
    await this.page.waitForFunction(
      ([label, text]) => document.querySelector(`[aria-label="${label}"]`)?.textContent === text,
      [label, text] as const,
    );
  }

  async read(label: Label): Promise<string | null> {
    return this.page.getByLabel(label, { exact: true }).textContent();
  }

  /** What a browser says when the network is back. */
  async wake(): Promise<void> {
    await this.page.evaluate(() => dispatchEvent(new Event('online')));
  }

  /** Lets so much of the page's time pass. */
  async runFor(milliseconds: number): Promise<void> {
    await this.page.clock.runFor(milliseconds);
  }

  /** Lets every timer of the page run out: had it a mind to reconnect, it would. */
  async letTimePass(): Promise<void> {
    await this.page.clock.fastForward('24:00:00');
  }
}
