/** `npm run shots`: pictures of the chat, in `shots/`, to be looked at. */
import { mkdir } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, test } from 'vitest';
import { makeFolder, serve, type Server } from './servers.js';
import { heard, inTabs, invite, isOpen, say, Visitors } from './visitors.js';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

let visitors: Visitors;
let folder: Awaited<ReturnType<typeof makeFolder>>;
let server: Server;
beforeAll(async () => {
  await mkdir('shots', { recursive: true });
  visitors = await Visitors.arrive();
});
afterAll(async () => {
  await visitors.close();
});

test.each(['light', 'dark'] as const)('the chat in the %s', async (colorScheme) => {
  folder = await makeFolder();
  server = await serve(folder.database);
  const shot = (page: Page, name: string) =>
    page.screenshot({ path: `shots/${name}-${colorScheme}.png`, animations: 'disabled' });
  const settings = { colorScheme };
  const ada = await visitors.open(server.first!, settings);
  await ada.getByLabel('Name').fill('Ada Byron');
  await ada.getByLabel('Password').fill('a long password');
  await shot(ada, 'door');
  await ada.getByRole('button', { name: 'Join' }).click();
  await isOpen(ada);
  const grace = await visitors.join(await invite(ada), 'Grace Hopper', settings);
  const linus = await visitors.join(await invite(ada), 'Linus', settings);
  const mary = await visitors.join(await invite(ada), 'Mary', { ...settings, ...PHONE });
  const tab = await visitors.openTab(grace.context(), grace.url());
  await isOpen(tab);
  await inTabs(ada, 'Grace Hopper', 2);
  await say(grace, 'Is everybody here?');
  await heard(mary, 'Is everybody here?');
  await say(mary, 'I am, on my phone.');
  await heard(linus, 'I am, on my phone.');
  await say(linus, 'Then let us start with the release: what is left of it?');
  await heard(linus, 'Then let us start with the release: what is left of it?');
  await say(linus, 'I have the changelog.');
  await heard(ada, 'I have the changelog.');
  await say(ada, 'The tests pass. I shall tag it this afternoon, and tell everybody here.');
  await heard(mary, 'The tests pass. I shall tag it this afternoon, and tell everybody here.');
  await grace.getByRole('textbox', { name: 'Say something' }).pressSequentially('Wonderful');
  await ada.getByText('Grace Hopper is typing…').waitFor();
  await shot(ada, 'admin');
  await shot(mary, 'phone');
  await mary.getByLabel('Channels and people').click();
  await shot(mary, 'phone-menu');
  await mary.locator('.brand').click();
  await ada.getByLabel('A notice to everybody').fill('The office closes at six today');
  await ada.getByRole('button', { name: 'Tell' }).click();
  await linus.getByText('The office closes at six today').waitFor();
  server.stall();
  await say(linus, 'Not yet, please');
  await server.crash();
  await linus.getByText('Reconnecting').waitFor();
  await shot(linus, 'lost');
  await mary.getByText('Reconnecting').waitFor();
  await shot(mary, 'phone-lost');
  await visitors.allLeave();
  await folder.remove();
});
