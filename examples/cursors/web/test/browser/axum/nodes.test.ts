import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { serve, type Server } from '../servers.js';
import { FRAMEWORKS, Visitors, cursorAt, heard, moveTo, roster, say, status } from '../visitors.js';

let visitors: Visitors;
let nodes: Server;
beforeAll(async () => {
  visitors = await Visitors.arrive();
  nodes = await serve('axum', 'nodes');
});
afterAll(async () => {
  await visitors.close();
  await nodes.stop();
});
afterEach(() => visitors.allLeave());

test.each(FRAMEWORKS)(
  'on the %s page whoever kills a node is on another in a moment, and nobody else sees anything of it',
  async (name, path) => {
    const board = `nodes-${name.toLowerCase()}`;
    const open = (who: string) => visitors.open(path, board, who, {}, 'Live', nodes);
    const ada = await open('Ada');
    const ben = await open('Ben');
    const killed = await nodeOf(ada);
    while ((await nodeOf(ben)) === killed) {
      await ben.reload();
      await status(ben, 'Live');
    }
    await roster(ben, ['Ben', 'Ada']);
    await moveTo(ada, 0.25, 0.75);
    await cursorAt(ben, 'Ada', 0.25, 0.75);
    const before = await member(ben);
    await watch(ben);

    await ada.getByRole('button', { name: 'Kill it' }).click();
    await ada.waitForFunction((killed) => {
      const node = document.querySelector('.node b')?.textContent;
      return node && node !== killed && document.querySelector('[data-status=open]');
    }, killed);
    await say(ada, 'here I am');
    await heard(ben, 'here I am');
    await moveTo(ada, 0.5, 0.5);
    await cursorAt(ben, 'Ada', 0.5, 0.5);
    expect(await member(ben)).toEqual(before);
    expect(await seen(ben)).toEqual([]);
  },
);

test.each(FRAMEWORKS)(
  'the %s page says nothing of a site that nobody tells of',
  async (_, path) => {
    const ada = await visitors.open(path, 'alone', 'Ada', {}, 'Live', nodes);
    expect(await ada.locator('.board-name').textContent()).toBe('alone');
    expect(await ada.getByRole('button', { name: 'alone' }).count()).toBe(0);
    expect(visitors.complaints).toEqual([]);
  },
);

const nodeOf = (page: Page) => page.locator('.node b').textContent();

/** The id of the other. */
const member = (page: Page) =>
  page
    .locator('.cursors .cursor')
    .evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset['member']));

/** Keeps what changes of who is here: rows that come or go, and whoever is away. */
async function watch(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen: string[] = ((window as { seen?: string[] }).seen = []);
    new MutationObserver((changes) => {
      for (const { type, addedNodes, removedNodes } of changes)
        seen.push(`${type}: +${addedNodes.length} -${removedNodes.length}`);
    }).observe(document.querySelector('.roster')!, {
      subtree: true,
      childList: true,
      characterData: true,
      attributeFilter: ['data-away', 'data-leaving'],
    });
  });
}

const seen = (page: Page) => page.evaluate(() => (window as { seen?: string[] }).seen);
