import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { FRAMEWORKS, Visitors } from '../visitors.js';

let visitors: Visitors;
beforeAll(async () => void (visitors = await Visitors.arrive()));
afterAll(() => visitors.close());
afterEach(() => visitors.allLeave());

test.each(FRAMEWORKS)(
  'the %s page says nothing of a site that nobody tells of',
  async (_, path) => {
    const ada = await visitors.open(path, 'alone', 'Ada');
    expect(await ada.locator('.board-name').textContent()).toBe('alone');
    expect(await ada.getByRole('button', { name: 'alone' }).count()).toBe(0);
    expect(visitors.complaints).toEqual([]);
  },
);
