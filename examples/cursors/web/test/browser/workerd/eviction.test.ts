import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { evict } from '../servers.js';
import { FRAMEWORKS, SocketPage } from '../sockets/page.js';
import { Visitors, cursorAt, heard, moveTo, roster, say } from '../visitors.js';

let visitors: Visitors;
beforeAll(async () => void (visitors = await Visitors.arrive()));
afterAll(() => visitors.close());
afterEach(async () => {
  await visitors.allLeave();
  expect(visitors.complaints.splice(0)).toEqual([]);
});

test('two windows see nothing of a board that is put away between all that happens', async () => {
  const board = inject('board');
  const ada = await visitors.open('/', 'evicted', 'Ada');
  const ben = await visitors.open('/react.html', 'evicted', 'Ben');
  let reconnects = 0;
  for (const page of [ada, ben]) {
    // What shows the site has sockets of its own, which may still be opening.
    page.on('websocket', (socket) => (reconnects += +socket.url().includes('s=cursors')));
  }
  await roster(ada, ['Ada', 'Ben']);
  await roster(ben, ['Ben', 'Ada']);

  await evict(board);
  await moveTo(ada, 0.25, 0.75);
  await cursorAt(ben, 'Ada', 0.25, 0.75);
  await evict(board);
  await moveTo(ben, 0.8, 0.2);
  await cursorAt(ada, 'Ben', 0.8, 0.2);
  await evict(board);
  await say(ada, 'Shall we begin?');
  for (const page of [ada, ben]) await heard(page, 'Shall we begin?');
  await evict(board);
  await say(ben, 'We have.');
  for (const page of [ada, ben]) await heard(page, 'We have.');
  await cursorAt(ben, 'Ada', 0.25, 0.75);
  await cursorAt(ada, 'Ben', 0.8, 0.2);
  await roster(ada, ['Ada', 'Ben']);
  await roster(ben, ['Ben', 'Ada']);

  // Whoever comes now is told by the board itself who is there and where.
  await evict(board);
  const cleo = await visitors.open('/', 'evicted', 'Cleo');
  await roster(cleo, ['Cleo', 'Ada', 'Ben']);
  await cursorAt(cleo, 'Ada', 0.25, 0.75);
  await cursorAt(cleo, 'Ben', 0.8, 0.2);

  await evict(board);
  await ben.close();
  for (const page of [cleo, ada]) await heard(page, 'Ben left');
  await roster(ada, ['Ada', 'Cleo']);
  await roster(cleo, ['Cleo', 'Ada']);
  expect(reconnects).toBe(0);
});

test.each(FRAMEWORKS)('useSocket of %s talks on with a socket that was put away', async (name) => {
  const page = await SocketPage.open(visitors, name, 'echoSocket', { id: 'evicted' });
  await page.shows('status', 'open');
  for (const message of ['"one"', '"two"']) {
    await evict(inject('fixture'));
    await page.say(message);
    await page.shows('last message', message);
  }
  await evict(inject('fixture'));
  await page.press('Close');
  await page.shows('close info', '4000 done clean');
  await page.shows('events', 'open, 4000 done clean');
  expect(page.connections).toBe(1);
});
