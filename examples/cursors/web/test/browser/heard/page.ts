/** The page with a feed and a live value of the fixture, as a test sees it. */
import type { Page } from 'playwright-core';
import { inject } from 'vitest';
import type { Framework } from '../sockets/page.js';
import type { Visitors } from '../visitors.js';

type Label = 'feed' | 'last' | 'value' | 'error' | 'told';

export interface Asked {
  id: string;
  feed?: string;
  path?: string;
  url?: string;
  /** The value with which a server has rendered the page. */
  rendered?: string;
}

export class HeardPage {
  /** How many connections it has made to each of the two. */
  readonly connections = { feed: 0, live: 0 };

  private constructor(readonly page: Page) {
    page.on('websocket', (socket) => {
      this.connections[socket.url().includes('s=counter') ? 'live' : 'feed']++;
    });
  }

  static async open(visitors: Visitors, framework: Framework, asked: Asked): Promise<HeardPage> {
    const page = await visitors.enter(asked.feed ?? 'ticker');
    const opened = new HeardPage(page);
    const query = new URLSearchParams({ url: inject('fixture').url, ...asked });
    await page.goto(`${inject('pages')}/heard/${framework}?${query}`);
    return opened;
  }

  async press(button: 'Refresh' | 'Unmount'): Promise<void> {
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
}
