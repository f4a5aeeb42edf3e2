import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { evict, serve, type Server } from '../servers.js';
import { lately, lists } from '../sites.js';
import { FRAMEWORKS, Visitors, say, status } from '../visitors.js';

let visitors: Visitors;
let server: Server;
beforeAll(async () => void (visitors = await Visitors.arrive()));
afterAll(() => visitors.close());
// One of its own: every board of it is listed.
beforeEach(async () => void (server = await serve('workerd', 'board')));
afterEach(async () => {
  await visitors.allLeave();
  await server.stop();
});

test.each(FRAMEWORKS)(
  'on the %s page the site goes on though every object is put away between all that happens',
  async (_, path) => {
    const open = (board: string, name: string) =>
      visitors.open(path, board, name, {}, 'Live', { url: server.url });
    const ada = await open('main', 'Ada');
    await ada.getByRole('button', { name: 'main' }).click();
    await lists(ada, ['main1 person']);

    await evict(server);
    const ben = await open('team-7', 'Ben');
    await lists(ada, ['main1 person', 'team-71 person']);
    await evict(server);
    await open('team-7', 'Cleo');
    await lists(ada, ['team-72 people', 'main1 person']);
    await evict(server);
    await say(ben, 'not for everybody');
    await expect.poll(async () => (await lately(ada))[0]).toBe('Ben said something on team-7');
    await evict(server);
    await ben.close();
    await lists(ada, ['main1 person', 'team-71 person']);
    await status(ada, 'Live');
  },
);
