import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { serve, type Server } from '../servers.js';
import {
  FRAMEWORKS,
  Visitors,
  cursorAt,
  heard,
  inTabs,
  moveTo,
  roster,
  say,
  status,
} from '../visitors.js';

let visitors: Visitors;
let server: Server;
beforeAll(async () => void (visitors = await Visitors.arrive()));
afterAll(() => visitors.close());
beforeEach(async () => void (server = await serve('axum', 'board')));
afterEach(async () => {
  await visitors.allLeave();
  await server.stop();
});

test.each(FRAMEWORKS)(
  'on the %s page a server whose plug is pulled has everybody back as before, and says what was lost',
  async (_, path) => {
    const { url } = server;
    const open = (name: string) => visitors.open(path, 'plug', name, {}, 'Live', { url });
    const ben = await open('Ben');
    const ada = await open('Ada');
    const second = await visitors.openTab(ada);
    const cleo = await open('Cleo');
    const everybody = [ben, ada, second, cleo];
    await roster(ben, ['Ben', 'Ada', 'Cleo']);
    await moveTo(ada, 0.25, 0.75);
    await cursorAt(ben, 'Ada', 0.25, 0.75);
    await say(ada, 'before');
    for (const page of everybody) await heard(page, 'before');
    const before = { rows: await rows(ben), cursors: await cursors(ben) };

    server.stall();
    await say(ada, 'under way');
    await server.crash();
    for (const page of everybody) await status(page, 'Reconnecting');
    // What is said in a room reaches who is in it, so its author is to be the last who comes back.
    await ada.getByRole('button', { name: 'Go offline' }).click();
    await say(ada, 'meanwhile');
    await ada.getByText('Waiting for the connection').waitFor();

    server = await serve('axum', 'board', Number(new URL(url).port));
    const others = [ben, second, cleo];
    // Each would be back within a second and a half by itself.
    for (const page of others) await page.evaluate(() => dispatchEvent(new Event('online')));
    for (const page of others) await status(page, 'Live');
    await ada.getByRole('button', { name: 'Come back' }).click();
    await status(ada, 'Live');
    for (const page of everybody) await heard(page, 'meanwhile');
    await roster(ben, ['Ben', 'Ada', 'Cleo']);
    await inTabs(ben, 'Ada', 2);
    await cursorAt(ben, 'Ada', 0.25, 0.75);
    expect({ rows: await rows(ben), cursors: await cursors(ben) }).toEqual(before);
    expect(await ben.locator('.notice').allTextContents()).toEqual([
      'Ada joined',
      'Cleo joined',
      'Something was said that did not reach you',
    ]);

    // Of what nobody knows the author alone is told, by its words, and may say it again.
    const lost = ada.locator('.line.lost');
    expect(await lost.locator('.text').allTextContents()).toEqual(['under way']);
    expect(await lines(ben)).toEqual(['before', 'meanwhile']);
    await lost.getByRole('button', { name: 'Say it again' }).click();
    await heard(ben, 'under way');
    for (const page of everybody)
      expect(await lines(page)).toEqual(['before', 'meanwhile', 'under way']);
  },
);

const lines = (page: Page) => page.locator('.line:not(.waiting) .text').allTextContents();

/** The rows that there are, by names that this gives them: one that was made anew has another. */
const rows = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.person')].map(
      ({ dataset }) => (dataset['seen'] ??= crypto.randomUUID()),
    ),
  );

/** The ids of the others. */
const cursors = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.cursors .cursor')]
      .map(({ dataset }) => dataset['member'])
      .sort(),
  );
