import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeFolder, serve, serveBroker, type Server } from './servers.js';
import { heard, inTabs, invite, isOpen, lines, roster, say, signIn, Visitors } from './visitors.js';

let visitors: Visitors;
let folder: Awaited<ReturnType<typeof makeFolder>>;
let server: Server;
beforeAll(async () => void (visitors = await Visitors.arrive()));
afterAll(() => visitors.close());
beforeEach(async () => {
  folder = await makeFolder();
  server = await serve(folder.database);
});
afterEach(async () => {
  await visitors.allLeave();
  await server.stop();
  await folder.remove();
  expect(visitors.complaints.splice(0)).toEqual([]);
});

/** The first admin, and one whom she has invited. */
async function adaAndBen() {
  const ada = await visitors.join(server.first!, 'Ada');
  const ben = await visitors.join(await invite(ada), 'Ben');
  for (const page of [ada, ben]) await roster(page, ['Ada', 'Ben']);
  return { ada, ben };
}

test('people, not tabs, are here; whoever comes later has the history; and who types is seen', async () => {
  const { ada, ben } = await adaAndBen();
  await say(ada, 'hello');
  await say(ben, 'hello to you');
  const tab = await visitors.openTab(ada.context(), ada.url());
  await isOpen(tab);
  for (const page of [ada, ben, tab]) {
    await heard(page, 'hello to you');
    await inTabs(page, 'Ada', 2);
    expect(await lines(page)).toEqual(['hello', 'hello to you']);
  }

  await ben.getByRole('textbox', { name: 'Say something' }).pressSequentially('I am');
  await ada.getByText('Ben is typing…').waitFor();
  await say(ben, 'done');
  await heard(ada, 'done');
  await ada.getByText('is typing…').waitFor({ state: 'detached' });

  await ada.getByRole('link', { name: 'random' }).click();
  await ada.getByRole('heading', { name: 'random' }).waitFor();
  await isOpen(ada);
  await say(ada, 'elsewhere');
  await heard(ada, 'elsewhere');
  expect(await lines(ben)).toEqual(['hello', 'hello to you', 'done']);
  await inTabs(ben, 'Ada', 1);
});

test('who has no invitation and no password is not in, and who signs out is out in every tab', async () => {
  const { ben } = await adaAndBen();
  const stranger = await visitors.open(server.url);
  await signIn(stranger, 'Ben', 'a guess');
  await stranger.getByText('not the name and the password of anybody').waitFor();
  await stranger.goto(`${server.url}/#join=made-up`);
  await stranger.getByLabel('Name').fill('Eve');
  await stranger.getByLabel('Password').fill('long enough');
  await stranger.getByRole('button', { name: 'Join' }).click();
  await stranger.getByText('This invitation was used, or is over').waitFor();

  const tab = await visitors.openTab(ben.context(), ben.url());
  await isOpen(tab);
  await ben.getByRole('button', { name: 'Sign out' }).click();
  for (const page of [ben, tab]) await page.getByText('You have signed out.').waitFor();
  await tab.reload();
  await signIn(tab, 'ben');
  await isOpen(tab);
});

test('a server whose plug is pulled has everybody back, and nothing is lost or said twice in silence', async () => {
  const { ada, ben } = await adaAndBen();
  const tab = await visitors.openTab(ada.context(), ada.url());
  await isOpen(tab);
  await say(ada, 'before');
  const everybody = [ada, ben, tab];
  for (const page of everybody) {
    await heard(page, 'before');
    await inTabs(page, 'Ada', 2);
  }
  const rows = await seen(ben);

  server.stall();
  await say(ben, 'under way');
  await server.crash();
  for (const page of everybody) await page.getByText('Reconnecting').waitFor();
  await say(ada, 'meanwhile');
  server = await serve(folder.database, Number(new URL(server.url).port));
  for (const page of everybody) await page.evaluate(() => dispatchEvent(new Event('online')));
  for (const page of everybody) {
    await isOpen(page);
    await heard(page, 'meanwhile');
  }
  await roster(ben, ['Ada', 'Ben']);
  await inTabs(ben, 'Ada', 2);
  expect(await seen(ben)).toEqual(rows);

  // Of what nobody knows its author alone is told, who may say it again.
  const lost = ben.locator('.line[data-state=lost]');
  await lost.getByText('under way').waitFor();
  expect(await lines(ada)).toEqual(['before', 'meanwhile']);
  await lost.getByRole('button', { name: 'Say it again' }).click();
  for (const page of everybody) {
    await heard(page, 'under way');
    expect(await lines(page)).toEqual(['before', 'meanwhile', 'under way']);
  }
});

test('whom an admin removes is told so at once, and is not let back in', async () => {
  const { ada, ben } = await adaAndBen();
  expect(await ben.getByText('Invite somebody').count()).toBe(0);
  await ada.getByRole('button', { name: 'Remove Ben' }).click();
  await ada.getByRole('button', { name: 'For good?' }).click();
  await ben.getByText('You were removed by Ada.').waitFor();
  await roster(ada, ['Ada']);
  await ben.reload();
  await signIn(ben, 'Ben');
  await ben.getByText('not the name and the password of anybody').waitFor();
});

test('who is no admin cannot do what an admin does', async () => {
  const { ada, ben } = await adaAndBen();
  const ask = (path: string, body: unknown) =>
    ben.evaluate(
      async ([path, body]) => {
        const headers = { 'content-type': 'application/json' };
        const init = { method: 'POST', headers, body: JSON.stringify(body) };
        return (await fetch(path, init)).status;
      },
      [path, body] as const,
    );
  expect(await ask('/api/invitations', {})).toBe(403);
  expect(await ask('/api/notices', { text: 'hear, hear' })).toBe(403);
  expect(await ask('/api/people/1/removal', {})).toBe(403);
  await say(ben, 'still here');
  await heard(ada, 'still here');
});

test('over two nodes everybody hears, sees and is told the same', async () => {
  const broker = await serveBroker();
  const node = (name: string) => serve(folder.database, 0, '--cluster', broker.url, '--node', name);
  const [first, second] = [await node('one'), await node('two')];
  try {
    const ada = await visitors.join(first.first!, 'Ada');
    const invitation = new URL(await invite(ada));
    invitation.host = new URL(second.url).host;
    const ben = await visitors.join(invitation.href, 'Ben');
    for (const page of [ada, ben]) await roster(page, ['Ada', 'Ben']);
    await say(ben, 'from the other node');
    await heard(ada, 'from the other node');
    await ben.getByRole('link', { name: 'random' }).click();
    await isOpen(ben);
    await roster(ada, ['Ada']);

    await ada.getByLabel('A notice to everybody').fill('back in five minutes');
    await ada.getByRole('button', { name: 'Tell' }).click();
    for (const page of [ada, ben]) await page.getByText('back in five minutes').waitFor();

    await ben.getByRole('link', { name: 'general' }).click();
    await roster(ada, ['Ada', 'Ben']);
    await ada.getByRole('button', { name: 'Remove Ben' }).click();
    await ada.getByRole('button', { name: 'For good?' }).click();
    await ben.getByText('You were removed by Ada.').waitFor();
    await roster(ada, ['Ada']);
  } finally {
    // Asked to stop, a node would wait for its people to come to the other one.
    await first.crash();
    await second.crash();
    await broker.crash();
  }
});

/** The rows of who is here, by names that this gives them: one that was made anew has another. */
const seen = (page: Awaited<ReturnType<Visitors['open']>>) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.person')].map(
      ({ dataset }) => (dataset['seen'] ??= crypto.randomUUID()),
    ),
  );
