/** What the page shows of the whole site. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { serve, type Server } from './servers.js';
import { lately, lists } from './sites.js';
import { FRAMEWORKS, Visitors, heard, say, status } from './visitors.js';

let visitors: Visitors;
let server: Server;
beforeAll(async () => void (visitors = await Visitors.arrive()));
afterAll(() => visitors.close());
// One of its own: every board of it is listed.
beforeEach(async () => void (server = await serve(inject('runtime'), 'board')));
afterEach(async () => {
  await visitors.allLeave();
  await server.stop();
});

describe.each(FRAMEWORKS)('the %s page', (_, path) => {
  const open = (board: string, name: string, settings = {}) =>
    visitors.open(path, board, name, settings, 'Live', { url: server.url });

  test('lists the boards with how many people are on each, and what happens on them', async () => {
    const ada = await open('main', 'Ada');
    const button = ada.getByRole('button', { name: 'main' });
    await button.click();
    const site = ada.getByRole('dialog', { name: 'All boards' });
    await site.waitFor();
    await lists(ada, ['main1 person']);

    const ben = await open('team-7', 'Ben');
    await visitors.openTab(ben);
    await open('team-7', 'Cleo');
    await lists(ada, ['team-72 people', 'main1 person']);
    await say(ben, 'not for everybody');
    await heard(ben, 'not for everybody');
    await expect
      .poll(async () => (await lately(ada)).slice(0, 3))
      .toEqual([
        'Ben said something on team-7',
        'Somebody came to team-7',
        'Somebody came to team-7',
      ]);
    expect(await site.textContent()).not.toContain('not for everybody');

    await site.getByRole('link', { name: 'team-7', exact: true }).first().click();
    await status(ada, 'Live');
    await ada.getByRole('button', { name: 'team-7' }).click();
    await lists(ada, ['team-73 people']);
    expect(await site.locator('[aria-current]').allTextContents()).toEqual(['team-73 people']);
    await expect.poll(async () => (await lately(ada))[0]).toBe('Somebody left main');
    await ada.keyboard.press('Escape');
    await site.waitFor({ state: 'hidden' });
  });

  test('shows what it knew while it is offline, and that something is missing after a restart', async () => {
    const ada = await open('main', 'Ada');
    await ada.getByRole('button', { name: 'main' }).click();
    await open('team-7', 'Ben');
    await lists(ada, ['main1 person', 'team-71 person']);
    await server.crash();
    await status(ada, 'Reconnecting');
    await lists(ada, ['main1 person', 'team-71 person']);
    server = await serve(inject('runtime'), 'board', Number(new URL(server.url).port));
    await status(ada, 'Live');
    await ada.getByText('Something happened meanwhile.').waitFor();
    await lists(ada, ['main1 person', 'team-71 person']);
  });

  test('has room for it on a phone', async () => {
    const settings = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
    const ada = await open('main', 'Ada', settings);
    await ada.getByRole('button', { name: 'main' }).click();
    const box = (await ada.getByRole('dialog', { name: 'All boards' }).boundingBox())!;
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(390);
    expect(box.y + box.height).toBeLessThanOrEqual(844);
  });
});
