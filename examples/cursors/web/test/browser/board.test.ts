import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
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
  type Settings,
} from './visitors.js';

let visitors: Visitors;
beforeAll(async () => void (visitors = await Visitors.arrive()));
afterAll(() => visitors.close());
afterEach(() => visitors.allLeave());

describe.each(FRAMEWORKS)('the %s page', (framework, path) => {
  let board: string;
  let boards = 0;
  beforeEach(() => {
    board = `${framework}-${++boards}`;
    visitors.complaints.length = 0;
  });
  afterEach(() => expect(visitors.complaints).toEqual([]));

  const open = (name: string, settings?: Settings, wanted?: string) =>
    visitors.open(path, board, name, settings, wanted);

  test('two visitors see each other, and each the other’s cursor move', async () => {
    const ada = await open('Ada');
    const ben = await open('Ben');
    await roster(ada, ['Ada', 'Ben']);
    await roster(ben, ['Ben', 'Ada']);
    await heard(ada, 'Ben joined');

    await moveTo(ada, 0.25, 0.75);
    await cursorAt(ben, 'Ada', 0.25, 0.75);
    await moveTo(ben, 0.8, 0.2);
    await cursorAt(ada, 'Ben', 0.8, 0.2);
    await expect.poll(() => ada.locator('.cursors .cursor').count()).toBe(1);
  });

  test('whoever closes the window leaves, and is told of', async () => {
    const ada = await open('Ada');
    const ben = await open('Ben');
    await roster(ada, ['Ada', 'Ben']);
    await ben.close();
    await roster(ada, ['Ada']);
    await heard(ada, 'Ben left');
    await expect.poll(() => ada.locator('.cursors .cursor').count()).toBe(0);
  });

  test('what is said is heard by both, with the name of who said it', async () => {
    const ada = await open('Ada');
    const ben = await open('Ben');
    await roster(ada, ['Ada', 'Ben']);
    await say(ada, 'Shall we begin?');
    await heard(ben, 'Shall we begin?');
    await heard(ada, 'Shall we begin?');
    await say(ben, 'We have.');
    await heard(ada, 'We have.');
    const line = ada.locator('.line', { hasText: 'We have.' });
    expect(await line.locator('.meta b').textContent()).toBe('Ben');
    expect(await ada.locator('.line.mine .meta b').textContent()).toBe('You');
    await expect.poll(() => ada.locator('.waiting').count()).toBe(0);
  });

  test('a line that is too long is an error to its author alone, who gets it back', async () => {
    const ada = await open('Ada');
    const long = 'x'.repeat(281);
    await say(ada, long);
    await ada.getByText('Not sent: at most 280 characters, not 281').waitFor();
    const line = ada.getByLabel('Say something to everybody here');
    await expect.poll(() => line.inputValue()).toBe(long);
    expect(await ada.locator('.line').count()).toBe(0);
    await say(ada, 'shorter');
    await heard(ada, 'shorter');
    await expect.poll(() => ada.locator('.composer .error').textContent()).toBe('');
  });

  test('a new name is seen by the others; one that is too long is refused', async () => {
    const ada = await open('Ada');
    const ben = await open('Ben');
    const name = ada.getByLabel('Your name');
    await name.fill('Ada Lovelace');
    await name.press('Enter');
    await roster(ben, ['Ben', 'Ada Lovelace']);
    await ben.locator('.cursor-name', { hasText: 'Ada Lovelace' }).waitFor();

    await name.fill('x'.repeat(25));
    await name.press('Enter');
    await ada.getByText('That name was refused: at most 24 characters, not 25').waitFor();
    await roster(ada, ['Ada Lovelace', 'Ben']);
    await moveTo(ada, 0.5, 0.5);
    await cursorAt(ben, 'Ada Lovelace', 0.5, 0.5);
  });

  test('offline and back: away for the others, then there once, as last set', async () => {
    const ada = await open('Ada');
    const ben = await open('Ben');
    await roster(ben, ['Ben', 'Ada']);
    await ada.getByRole('button', { name: 'Go offline' }).click();
    await status(ada, 'Offline');
    await ben.locator('.person[data-away]', { hasText: 'Ada' }).getByText('away').waitFor();
    await ben.locator('.cursor[data-away]', { hasText: 'Ada' }).waitFor();
    // As it was last known, and dimmed.
    await roster(ada, ['Ada', 'Ben']);
    await ada.waitForFunction(() => {
      const other = document.querySelector('.person:not(.me)');
      return other && Number(getComputedStyle(other).opacity) < 0.7;
    });

    await moveTo(ada, 0.1, 0.9);
    await say(ada, 'Can you hear me?');
    await ada.getByText('Waiting for the connection').waitFor();

    await ada.getByRole('button', { name: 'Come back' }).click();
    await status(ada, 'Live');
    await roster(ben, ['Ben', 'Ada']);
    await expect.poll(() => ben.locator('[data-away]').count()).toBe(0);
    await ben
      .getByRole('log')
      .getByText(/^Ada is back after \d+ s$/)
      .waitFor();
    await cursorAt(ben, 'Ada', 0.1, 0.9);
    await heard(ben, 'Can you hear me?');
    await heard(ada, 'Can you hear me?');
    await expect.poll(() => ada.locator('.waiting').count()).toBe(0);
    await roster(ada, ['Ada', 'Ben']);
    await expect.poll(() => ben.locator('.cursors .cursor').count()).toBe(1);
    await expect.poll(() => ada.locator('.cursors .cursor').count()).toBe(1);
  });

  test('the keyboard moves the cursor, and reaches everything', async () => {
    const ada = await open('Ada');
    const ben = await open('Ben');
    await moveTo(ada, 0.5, 0.5);
    await cursorAt(ben, 'Ada', 0.5, 0.5);
    await ada.locator('.surface').focus();
    await ada.keyboard.press('Shift+ArrowRight');
    await ada.keyboard.press('ArrowUp');
    await cursorAt(ben, 'Ada', 0.6, 0.48);
    await ada.locator('.cursor.own').waitFor();

    const reached = new Set<string>();
    await ada.locator('.brand').focus();
    for (let stops = 0; stops < 10; stops++) {
      reached.add(await ada.evaluate(() => document.activeElement?.className.split(' ')[0] ?? ''));
      await ada.keyboard.press('Tab');
    }
    expect([...reached]).toEqual(expect.arrayContaining(['button', 'surface', 'own-name', 'feed']));
  });

  test('three tabs of one person are one face with a count, and three cursors', async () => {
    const ben = await open('Ben');
    const ada = await open('Ada');
    const second = await visitors.openTab(ada);
    const third = await visitors.openTab(ada);
    const tabs = [ada, second, third];
    await roster(ben, ['Ben', 'Ada']);
    await inTabs(ben, 'Ada', 3);
    for (const tab of tabs) {
      await roster(tab, ['Ada', 'Ben']);
      await inTabs(tab, 'Ada', 3);
      await inTabs(tab, 'Ben', 1);
    }
    for (const page of [ben, ...tabs]) {
      await page.getByRole('heading', { name: 'Here now' }).getByText('2 people').waitFor();
    }
    await ben.locator('.person', { hasText: 'Ada' }).getByLabel('in 3 tabs').waitFor();

    await moveTo(second, 0.2, 0.3);
    await cursorAt(ben, 'Ada', 0.2, 0.3);
    await expect.poll(() => ben.locator('.cursors .cursor').count()).toBe(3);

    // A name is the person's, and what one says in any tab is one's own.
    await third.getByLabel('Your name').fill('Ada Lovelace');
    await third.getByLabel('Your name').press('Enter');
    for (const tab of tabs) await roster(tab, ['Ada Lovelace', 'Ben']);
    await roster(ben, ['Ben', 'Ada Lovelace']);
    await expect
      .poll(() => ben.locator('.cursor-name', { hasText: 'Ada Lovelace' }).count())
      .toBe(3);
    await say(ada, 'from the first');
    await heard(third, 'from the first');
    expect(await third.locator('.line.mine').count()).toBe(1);

    await third.close();
    await second.close();
    await inTabs(ben, 'Ada Lovelace', 1);
    await ada.close();
    await heard(ben, 'Ada Lovelace left');
    await roster(ben, ['Ben']);
    const told = await ben.locator('.notice').allTextContents();
    expect(told).toEqual(['Ada joined', 'Ada Lovelace left']);
  });

  test('who may be whom is known to nobody else', async () => {
    const frames: string[] = [];
    const ben = await open('Ben');
    ben.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => frames.push(String(payload))),
    );
    const ada = await open('Ada');
    const secret = await ada.evaluate(() => localStorage.getItem('cursors.secret'));
    expect(secret).toMatch(/^[0-9a-f]{32}$/);
    await ben.reload();
    await roster(ben, ['Ben', 'Ada']);
    expect(frames.join()).toContain('"user":');
    expect(frames.join()).not.toContain(secret);
  });

  test('the second window is this visitor’s too, and another one somebody else’s', async () => {
    const ada = await open('Ada');
    const opened = async (name: string) => {
      const link = ada.getByRole('link', { name });
      const [page] = await Promise.all([ada.context().waitForEvent('page'), link.click()]);
      await status(page, 'Live');
      return page;
    };
    const people = (wanted: string) =>
      ada.getByRole('heading', { name: 'Here now' }).getByText(wanted, { exact: true }).waitFor();
    const second = await opened('Open a second window');
    await inTabs(ada, 'Ada', 2);
    await people('Just you');
    await opened('As somebody else');
    await people('2 people');
    await inTabs(ada, 'Ada', 2);
    await second.close();
    await inTabs(ada, 'Ada', 1);
    await people('2 people');
  });

  test('a phone shows all of it, and a finger moves the cursor', async () => {
    const ben = await open('Ben');
    const ada = await open('Ada', {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    await roster(ben, ['Ben', 'Ada']);
    const size = await ada.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.scrollHeight,
    ]);
    expect(size).toEqual([390, 844]);
    const box = (await ada.locator('.surface').boundingBox())!;
    await ada.touchscreen.tap(box.x + box.width * 0.75, box.y + box.height * 0.5);
    await cursorAt(ben, 'Ada', 0.75, 0.5);
    await ada.locator('.cursor.own').waitFor();
    await say(ada, 'from a phone');
    await heard(ben, 'from a phone');
  });

  test('the page follows the system into the dark', async () => {
    const brightness = async (colorScheme: 'light' | 'dark') => {
      const page = await open(colorScheme, { colorScheme });
      return page.evaluate(() => {
        const [r = 0, g = 0, b = 0] = getComputedStyle(document.body)
          .backgroundColor.match(/\d+/g)!
          .map(Number);
        return (r + g + b) / 3;
      });
    };
    expect(await brightness('light')).toBeGreaterThan(200);
    expect(await brightness('dark')).toBeLessThan(50);
  });

  test('without motion the cursors jump, and who has left is gone all the same', async () => {
    const ada = await open('Ada', { reducedMotion: 'reduce' });
    const ben = await open('Ben');
    await roster(ada, ['Ada', 'Ben']);
    await moveTo(ben, 0.3, 0.3);
    await cursorAt(ada, 'Ben', 0.3, 0.3);
    await ben.close();
    await roster(ada, ['Ada']);
  });

  test('a board that cannot be is closed, and says why', async () => {
    board = 'no%20such%20board';
    const ada = await open('Ada', {}, 'Closed');
    await ada.getByText('This board is not open to you.').waitFor();
    await ada.getByRole('link', { name: 'Roomful' }).click();
    await status(ada, 'Live');
  });

  test('plain HTTP tells who is here, and speaks to everybody', async () => {
    const ada = await open('Ada');
    const url = `${inject('board').url}/api/boards/${board}`;
    await moveTo(ada, 0.5, 0.25);
    await expect
      .poll(async () =>
        ((await (await fetch(url)).json()) as { cursor: unknown }[]).map(({ cursor }) => cursor),
      )
      .toEqual([
        { x: expect.closeTo(0.5, 2), y: expect.closeTo(0.25, 2), name: 'Ada', color: 'teal' },
      ]);
    const announced = await fetch(`${url}/announcements`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'Lunch is ready' }),
    });
    expect(await announced.json()).toEqual({ members: 1 });
    await heard(ada, 'Lunch is ready');
  });
});
