/** `npm run shots`: pictures of the inspector, in `shots/`, to be looked at. */
import { mkdir } from 'node:fs/promises';
import { afterAll, beforeAll, test } from 'vitest';
import type { Page } from 'playwright-core';
import { OPERATOR, serve, type Server } from '../servers.js';
import { Visitors, moveTo, say, status } from '../visitors.js';

const SHOTS = 'shots/axum';
const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

let visitors: Visitors;
let server: Server;
beforeAll(async () => {
  await mkdir(SHOTS, { recursive: true });
  [visitors, server] = await Promise.all([Visitors.arrive(), serve('axum', 'board')]);
});
afterAll(async () => {
  await visitors.close();
  await server.stop();
});

// Five pages and six people, in two forms.
const PATIENCE_MS = 180_000;

test.each(['light', 'dark'] as const)(
  'the inspector in the %s',
  { timeout: PATIENCE_MS },
  async (colorScheme) => {
    const board = (on: string, name: string) =>
      visitors.open('/', on, name, {}, 'Live', { url: server.url });
    const people: Page[] = [];
    for (const [on, name] of [
      ['launch', 'Ada'],
      ['launch', 'Grace'],
      ['launch', 'Linus'],
      ['team-7', 'Mary'],
      ['team-7', 'Ben'],
      ['sketches', 'Cleo'],
    ] as const)
      people.push(await board(on, name));
    const [ada, grace] = people as [Page, Page];
    const stir = async () => {
      for (const page of people) await moveTo(page, Math.random(), Math.random());
      await say(ada, 'Is everybody here?');
    };
    for (const [form, settings] of [
      ['', {}],
      ['phone-', PHONE],
    ] as const) {
      const operator = await visitors.enter('the operator', {
        httpCredentials: OPERATOR,
        colorScheme,
        ...settings,
      });
      const shot = (name: string) =>
        operator.screenshot({
          path: `${SHOTS}/inspector-${form}${name}-${colorScheme}.png`,
          animations: 'disabled',
        });
      const looks = async (many: number) => {
        for (let look = 0; look < many; look += 1) {
          await stir();
          await operator.bringToFront();
          await operator.waitForResponse((response) => response.url().includes('/api/'));
        }
      };
      await operator.goto(`${server.url}/ops`);
      await status(operator, 'Live');
      await looks(3);
      await shot('rooms');
      await operator.getByRole('link', { name: 'board/launch' }).click();
      await operator.getByLabel('With payloads').check();
      await operator.getByRole('button', { name: 'Watch' }).click();
      await grace.getByRole('button', { name: 'Go offline' }).click();
      await looks(2);
      await shot('room');
      await grace.getByRole('button', { name: 'Come back' }).click();
      await operator.getByRole('link', { name: 'Connections' }).click();
      await operator.locator('tbody tr').first().waitFor();
      await shot('connections');
      await operator.getByRole('button', { name: /^Kick/ }).first().click();
      await shot('kick');
      await operator.keyboard.press('Escape');
      await operator.getByRole('link', { name: 'Process' }).click();
      await status(operator, 'Live');
      await shot('process');
      await operator.context().close();
    }
    await visitors.allLeave();
  },
);
