/** `npm run shots`: pictures of the board, in `shots/`, to be looked at. `-- --project axum` needs no worker. */
import { mkdir } from 'node:fs/promises';
import { afterAll, beforeAll, inject, test } from 'vitest';
import { Visitors, cursorAt, heard, inTabs, moveTo, roster, say, status } from './visitors.js';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const SHOTS = `shots/${inject('runtime')}`;
const START = 'Then let us start with the upper right corner.';

let visitors: Visitors;
beforeAll(async () => {
  await mkdir(SHOTS, { recursive: true });
  visitors = await Visitors.arrive();
});
afterAll(() => visitors.close());

test.each(['light', 'dark'] as const)('the board in the %s', async (colorScheme) => {
  const board = colorScheme === 'light' ? 'launch' : 'launch-night';
  const open = (path: string, name: string, color: string, settings = {}) =>
    visitors.open(path, board, name, { colorScheme, ...settings }, 'Live', { color });
  const shot = (page: Awaited<ReturnType<typeof open>>, name: string) =>
    page.screenshot({ path: `${SHOTS}/${name}-${colorScheme}.png`, animations: 'disabled' });

  const ada = await open('/', 'Ada', 'violet');
  const grace = await open('/react.html', 'Grace', 'teal');
  const linus = await open('/', 'Linus', 'orange');
  const mary = await open('/', 'Mary', 'rose', PHONE);
  await roster(ada, ['Ada', 'Grace', 'Linus', 'Mary']);
  await moveTo(ada, 0.3, 0.62);
  await moveTo(grace, 0.63, 0.22);
  await moveTo(linus, 0.83, 0.47);
  const second = await visitors.openTab(grace);
  await moveTo(second, 0.45, 0.42);
  for (const page of [ada, grace, linus, mary]) await inTabs(page, 'Grace', 2);
  const box = (await mary.locator('.surface').boundingBox())!;
  await mary.touchscreen.tap(box.x + box.width * 0.66, box.y + box.height * 0.74);
  await say(grace, 'Is everybody here?');
  await heard(mary, 'Is everybody here?');
  await say(mary, 'I am, on my phone.');
  await heard(linus, 'I am, on my phone.');
  await say(linus, START);
  await heard(ada, START);
  await say(ada, 'On it!');
  await heard(grace, 'On it!');
  await cursorAt(ada, 'Grace', 0.63, 0.22);
  await cursorAt(ada, 'Mary', 0.66, 0.74);
  await cursorAt(mary, 'Linus', 0.83, 0.47);
  await shot(ada, 'preact');
  await shot(grace, 'react');
  await shot(mary, 'phone');

  for (const [page, name] of [
    [ada, 'site'],
    [mary, 'phone-site'],
  ] as const) {
    await page.locator('button.board-name').click();
    await page.locator('.boards a').first().waitFor();
    await shot(page, name);
    await page.keyboard.press('Escape');
  }

  await ada.getByRole('button', { name: 'Go offline' }).click();
  await mary.getByRole('button', { name: 'Go offline' }).click();
  await status(ada, 'Offline');
  await say(ada, 'Anybody?');
  await ada.getByText('Waiting for the connection').waitFor();
  await grace.locator('.person[data-away]', { hasText: 'Mary' }).waitFor();
  await shot(ada, 'offline');
  await shot(mary, 'phone-offline');
  await ada.locator('.surface').focus();
  await ada.keyboard.press('Shift+ArrowRight');
  await shot(ada, 'keyboard');
  await visitors.allLeave();
});
