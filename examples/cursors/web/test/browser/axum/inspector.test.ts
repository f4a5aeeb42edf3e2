/** The inspector, as an operator uses it. It is axum's alone: of Durable Objects nobody sees more than one. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { OPERATOR, serve, type Server } from '../servers.js';
import { Visitors, heard, moveTo, roster, say, status, type Settings } from '../visitors.js';

/** The page asks anew every second or two. */
const SOON = { timeout: 10_000 };
const HOSTILE = '<img src=x onerror="document.title = 1">';

let visitors: Visitors;
let server: Server;
beforeAll(async () => void (visitors = await Visitors.arrive()));
afterAll(() => visitors.close());
// One of its own: every room of it is listed.
beforeEach(async () => {
  visitors.complaints = [];
  server = await serve('axum', 'board');
});
afterEach(async () => {
  await visitors.allLeave();
  await server.stop();
  expect(visitors.complaints).toEqual([]);
});

const board = (name: string, on = 'main') =>
  visitors.open('/', on, name, {}, 'Live', { url: server.url });

async function inspect(hash = '', settings: Settings = {}): Promise<Page> {
  const page = await visitors.enter('the operator', { httpCredentials: OPERATOR, ...settings });
  await page.goto(`${server.url}/ops${hash}`);
  await status(page, 'Live');
  return page;
}

/** The row of the table whose first cell has this text. */
const row = (page: Page, name: string) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader').filter({ hasText: name }) });

/** The id of the only member whose row is shown. */
const onlyMember = (page: Page) => page.locator('tbody th .id').first().textContent();

test('nobody is shown anything without the password', async () => {
  await board('Ada');
  for (const authorization of ['', `Basic ${btoa('operator:wrong')}`, 'Bearer wrong']) {
    for (const path of ['/ops', '/ops/', '/ops/api/rooms', '/ops/api/connections']) {
      const answer = await fetch(`${server.url}${path}`, { headers: { authorization } });
      expect(answer.status).toBe(401);
      expect(await answer.text()).not.toMatch(/main|inspector/);
    }
  }
});

test('lists the rooms as they come and go, and finds them', async () => {
  const operator = await inspect();
  await operator.getByText('Nobody is in any room.').waitFor();
  const ada = await board('Ada');
  await row(operator, 'board/main').waitFor();
  await board('Ben', 'team-7');
  await board('Cleo', 'team-7');
  const [first] = await operator.getByRole('rowheader').allTextContents();
  await expect
    .poll(async () => (await operator.getByRole('rowheader').allTextContents())[0], SOON)
    .toBe('board/team-7board/cursors');
  expect(first).toBeDefined();
  await moveTo(ada, 0.2, 0.2);
  await operator.getByLabel('Search').fill('MAI');
  await expect
    .poll(() => operator.getByRole('rowheader').allTextContents(), SOON)
    .toEqual(['board/mainboard/cursors']);
  await ada.context().close();
  await operator.getByText('No room has this in its name.').waitFor();
});

test('shows who is in a room, and takes away who left', async () => {
  const ada = await board('Ada');
  const ben = await board('Ben');
  await roster(ada, ['Ada', 'Ben']);
  const operator = await inspect();
  await operator.getByRole('link', { name: 'board/main' }).click();
  await operator.getByRole('heading', { name: 'board/main' }).waitFor();
  await expect.poll(() => operator.locator('tbody tr').count()).toBe(2);
  expect(await operator.locator('main').evaluate((main) => document.activeElement === main)).toBe(
    true,
  );
  await operator.getByText('127.0.0.1').first().waitFor();
  await ben.getByRole('button', { name: 'Go offline' }).click();
  await operator
    .getByText(/^waits for its client, which has lost its socket, leaves in \d+ s$/)
    .waitFor();
  await operator.getByRole('link', { name: 'Connections' }).click();
  await operator.getByLabel('Show').selectOption('That are away');
  await expect.poll(() => operator.locator('tbody tr').count()).toBe(1);
});

describe('the frames of a room', () => {
  test('are shown without their payloads, and with them where that is asked for', async () => {
    const ada = await board('Ada');
    const operator = await inspect('#/room/board%2Fmain');
    const frames = operator.getByRole('list', { name: 'Frames, the latest first' });
    await operator.getByRole('button', { name: 'Watch' }).click();
    await operator.getByRole('button', { name: 'Stop' }).waitFor();
    await say(ada, HOSTILE);
    await heard(ada, HOSTILE);
    await frames.getByText('message', { exact: true }).waitFor();
    expect(await frames.locator('code').count()).toBe(0);
    expect(await operator.content()).not.toContain('onerror');
    await operator.getByRole('button', { name: 'Stop' }).click();

    await operator.getByLabel('With payloads').check();
    await operator.getByRole('button', { name: 'Watch' }).click();
    await operator.getByRole('button', { name: 'Stop' }).waitFor();
    await say(ada, HOSTILE);
    await frames.locator('code', { hasText: '<img src=x' }).first().waitFor();
    expect(await operator.locator('img').count()).toBe(0);
    expect(await operator.title()).toBe('board/main · Roomful inspector');
    await operator.getByRole('link', { name: 'Process' }).click();
    await expect
      .poll(async () => {
        const answer = await fetch(`${server.url}/ops/api/summary`, {
          headers: { authorization: `Basic ${btoa(`${OPERATOR.username}:${OPERATOR.password}`)}` },
        });
        return ((await answer.json()) as { taps: number }).taps;
      })
      .toBe(0);
  });
});

test('kicks with the keyboard alone, and says so; a page behind it that is told stays away', async () => {
  const ada = await board('Ada');
  const operator = await inspect('#/room/board%2Fmain');
  const id = await onlyMember(operator);
  const button = operator.getByRole('button', { name: `Kick ${id}` });
  await button.focus();
  // It stands where it stood, however often the page is written anew.
  await operator.waitForResponse((response) => response.url().includes('/api/room?'));
  await operator.waitForResponse((response) => response.url().includes('/api/room?'));
  expect(await button.evaluate((button) => document.activeElement === button)).toBe(true);
  await operator.keyboard.press('Enter');
  const dialog = operator.getByRole('dialog', { name: 'Kick this member?' });
  await dialog.waitFor();
  await operator.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await status(ada, 'Live');

  await operator.keyboard.press('Enter');
  await dialog.getByLabel('What its client is told').fill('not here');
  await operator.keyboard.press('Enter');
  await operator.getByRole('alert').filter({ hasText: 'It was kicked.' }).waitFor();
  await operator.getByText('Nobody is in this room, in this process.').waitFor();
  await status(ada, 'Closed');
});

test('closes a connection, whose client is back as the same member', async () => {
  const ada = await board('Ada');
  const operator = await inspect('#/room/board%2Fmain');
  const id = await onlyMember(operator);
  await operator.getByRole('button', { name: `Close ${id}` }).click();
  await operator.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await operator.getByRole('alert').filter({ hasText: 'It was closed.' }).waitFor();
  await status(ada, 'Reconnecting');
  await status(ada, 'Live');
  await expect.poll(() => operator.locator('tbody .tag').allTextContents()).toEqual(['idle']);
  expect(await operator.locator('tbody th .id').allTextContents()).toEqual([id]);
});

test('asks for nothing while it is paused, and says when it is not let in any more', async () => {
  await board('Ada');
  const operator = await inspect();
  await operator.getByRole('button', { name: 'Pause' }).click();
  await status(operator, 'Paused');
  let asked = 0;
  operator.on('request', () => (asked += 1));
  await operator.getByRole('button', { name: 'Go on', pressed: true }).waitFor();
  const before = asked;
  await operator.getByRole('button', { name: 'Go on' }).click();
  await status(operator, 'Live');
  expect(before).toBe(0);
  await operator.route('**/api/**', (route) =>
    route.fulfill({ status: 403, json: { error: 'no' } }),
  );
  await status(operator, 'Not let in');
  await operator.unroute('**/api/**');
  visitors.complaints = visitors.complaints.filter((complaint) => !complaint.includes('403'));
  await status(operator, 'Live');
});

describe.each(['light', 'dark'] as const)('on a phone, in the %s', (colorScheme) => {
  const settings = {
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    isMobile: true,
    colorScheme,
  };

  test.each(['#/', '#/connections', '#/process', '#/room/board%2Fmain'])(
    '%s has room',
    async (hash) => {
      await board('Ada');
      const operator = await inspect(hash, settings);
      await operator
        .locator(hash === '#/process' ? '.tile' : 'tbody tr')
        .first()
        .waitFor();
      const wide = await operator.evaluate(() => document.documentElement.scrollWidth);
      expect(wide).toBeLessThanOrEqual(360);
      const hidden = await operator.evaluate(
        () =>
          [...document.querySelectorAll('main *, header *')]
            .filter(
              (element) =>
                element.checkVisibility() && !element.closest('.for-readers, thead, svg'),
            )
            .map((element) => element.getBoundingClientRect())
            .filter(({ right, left, width }) => width > 0 && (right > 361 || left < -1)).length,
      );
      expect(hidden).toBe(0);
    },
  );
});
