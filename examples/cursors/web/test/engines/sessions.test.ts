/** A visitor's session in each engine: what a page makes of what happens to its network, its server and its tab. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serve, type Server } from '../browser/servers.js';
import { layCable, type Cable } from './cable.js';
import { ENGINES, type ChromiumTab, type Engine, type EngineName, type Tab } from './engines.js';
import { servePages } from './pages.js';
import type { Visitor } from './visitor.js';

let fixture: Server;
let pages: Awaited<ReturnType<typeof servePages>>;
beforeAll(async () => {
  [fixture, pages] = await Promise.all([serve('axum', 'fixture'), servePages()]);
});
afterAll(() => Promise.all([fixture.stop(), pages.stop()]));

const names = (process.env['ENGINES'] ?? Object.keys(ENGINES).join()).split(',') as EngineName[];

describe.each(names)('%s', (name) => {
  let engine: Engine;
  let cable: Cable;
  let room: string;
  let rooms = 0;
  const tabs: Tab[] = [];
  beforeAll(async () => void (engine = await ENGINES[name]()));
  afterAll(() => engine.close());
  beforeEach(async () => {
    cable = await layCable(fixture.url);
    room = `${name}-${++rooms}`;
  });
  afterEach(async () => {
    for (const tab of tabs.splice(0)) await tab.close();
    await cable.remove();
  });

  /** Somebody whose page connects through the cable, or directly. */
  async function visit(user: string, through = cable.url): Promise<Tab> {
    const tab = await engine.open(
      `${pages.url}/?${new URLSearchParams({ user, id: room, url: through })}`,
    );
    tabs.push(tab);
    await reads(tab, 'status', 'open');
    return tab;
  }

  async function two(): Promise<[ann: Tab, ben: Tab]> {
    const ann = await visit('ann', fixture.url);
    const ben = await visit('ben');
    await shows(ann, 'ann ben');
    return [ann, ben];
  }

  test('a cut is no leave, and nothing that was said in it is lost or said twice', async () => {
    const [ann, ben] = await two();
    const [annBefore, before] = [await record(ann), await record(ben)];
    let said = 0;
    const sayMore = async () => {
      const from = said;
      said += 20;
      await ann.run(
        (from, to) => {
          for (let n = from; n < to; n++) window.visitor.say({ all: `ann ${n}` });
        },
        from,
        said,
      );
      await ben.run(
        (from, to) => {
          for (let n = from; n < to; n++) window.visitor.say({ all: `ben ${n}` });
        },
        from,
        said,
      );
    };
    for (let round = 0; round < 5; round++) {
      await sayMore();
      cable.cut();
      await sayMore();
    }
    const all = (who: string) => Array.from({ length: said }, (_, n) => `${who} ${n}`);
    await expect.poll(async () => (await record(ben)).heard.length).toBe(said);
    await expect.poll(async () => (await record(ann)).heard.length).toBe(said);
    const [toAnn, toBen] = [await record(ann), await record(ben)];
    expect(toBen.heard).toEqual(all('ann'));
    expect(toAnn.heard).toEqual(all('ben'));
    expect(toBen.ids).toEqual(before.ids);
    expect([...toAnn.told, ...toBen.told]).toEqual([]);
    expect(new Set(toBen.rosters.slice(before.rosters.length))).toEqual(new Set());
    expect(toAnn.rosters.slice(annBefore.rosters.length)).not.toContain('ann');
  });

  test('who is away is seen to be, and is back in the same place', async () => {
    const [ann, ben] = await two();
    cable.pull();
    await shows(ann, 'ann (ben)');
    cable.mend();
    await shows(ann, 'ann ben');
    await reads(ben, 'status', 'open');
    expect((await record(ben)).ids).toHaveLength(1);
  });

  test('a network that swallows everything is given up when the page wakes', async () => {
    const [ann, ben] = await two();
    cable.stall();
    await ann.run(() => window.visitor.say({ all: 'into the void' }));
    await ben.run(() => dispatchEvent(new Event('online')));
    await expect.poll(async () => (await record(ben)).heard).toEqual(['into the void']);
    expect(await record(ben)).toMatchObject({ ids: { length: 1 }, told: [] });
  });

  test('a network that swallows what goes one way loses nothing, and nothing is handled twice', async () => {
    const [ann, ben] = await two();
    const heard = { ann: [] as string[], ben: [] as string[] };
    const say = async (way: string) => {
      await ann.run((text) => window.visitor.say({ all: text }), `from ann, ${way}`);
      await ben.run((text) => window.visitor.say({ all: text }), `from ben, ${way}`);
      heard.ann.push(`from ben, ${way}`);
      heard.ben.push(`from ann, ${way}`);
    };
    const hears = (tab: Tab, texts: string[]) =>
      expect.poll(async () => (await record(tab)).heard).toEqual(texts);
    for (const [way, reached] of [
      ['to the server', 'ben'],
      ['to the page', 'ann'],
    ] as const) {
      cable.stall(way);
      await say(way);
      await (reached === 'ann' ? hears(ann, heard.ann) : hears(ben, heard.ben));
      // It asks then whether anybody is there.
      await ben.run(() => dispatchEvent(new Event('online')));
      await hears(ben, heard.ben);
      await hears(ann, heard.ann);
    }
    expect(await record(ben)).toMatchObject({ ids: { length: 1 }, told: [] });
  });

  test('a server that is lost and comes back has everybody again, and says what nobody knows', async () => {
    const port = Number(new URL(fixture.url).port);
    const [ann, ben] = await two();
    await ben.run(() => window.visitor.say({ later: [60_000, 'never'] }));
    await fixture.crash();
    await reads(ben, 'status', 'reconnecting');
    // To everybody who is back by then, and that is ben at least.
    await ben.run(() => window.visitor.say({ echo: 'said offline' }));
    fixture = await serve('axum', 'fixture', port);
    await expect.poll(async () => (await record(ben)).heard).toEqual(['said offline']);
    await expect
      .poll(async () => (await record(ben)).told)
      .toEqual(expect.arrayContaining(['lost', 'missed']));
    await expect
      .poll(async () => (await record(ann)).rosters.at(-1)?.split(' ').sort())
      .toEqual(['ann', 'ben']);
  });

  test('a deployment loses no line in silence, doubles none and changes the order of none', async () => {
    const port = Number(new URL(fixture.url).port);
    const tabs: Tab[] = [];
    for (const user of ['ann', 'ann', 'ben', 'ben']) tabs.push(await visit(user, fixture.url));
    const [typist, ...others] = tabs as [Tab, ...Tab[]];
    await typist.run(() => window.visitor.type(0, 25));
    await expect.poll(async () => (await record(typist)).fates[9]).toBe('handled');
    await fixture.stop();
    await Promise.all(tabs.map((tab) => reads(tab, 'status', 'reconnecting')));
    fixture = await serve('axum', 'fixture', port);
    await Promise.all(tabs.map((tab) => reads(tab, 'status', 'open')));
    const soFar = Object.keys((await record(typist)).fates).length;
    await expect.poll(async () => (await record(typist)).fates[soFar + 20]).toBe('handled');
    const typed = await typist.run(() => window.visitor.rest());
    const fates = async () => Object.values((await record(typist)).fates);
    await expect.poll(async () => (await fates()).length).toBe(typed);
    expect((await fates()).filter((fate) => !['handled', 'lost'].includes(fate))).toEqual([]);
    // What was typed after the last that is lost was said to the new server: everybody is there again for the last of it.
    for (const tab of others)
      await expect.poll(async () => (await record(tab)).heard.at(-1)).toBe(typed - 1);
    for (const tab of others) {
      const { heard, told } = await record(tab);
      expect(heard, 'in order, none twice').toEqual(
        [...new Set(heard as number[])].sort((a, b) => a - b),
      );
      const unheard = (await fates()).filter(
        (fate, line) => fate !== 'lost' && !heard.includes(line),
      );
      if (unheard.length > 0) expect(told, `${unheard.length} lines`).toContain('missed');
    }
  });

  test('two tabs of one page are two members, and a duplicated tab has a session of its own', async () => {
    const [ann, ben] = await two();
    const copy = await visit('ben');
    await shows(ann, 'ann ben ben');
    await ben.run(() => window.visitor.say({ all: 'from the first' }));
    await copy.run(() => window.visitor.say({ all: 'from the second' }));
    await expect.poll(async () => (await record(ann)).heard).toHaveLength(2);
    cable.cut();
    await expect.poll(async () => (await record(ann)).rosters.at(-1)).toBe('ann ben ben');
    const ids = [await record(ben), await record(copy)].map(({ ids }) => ids);
    expect(ids.flat()).toHaveLength(2);
    await copy.close();
    tabs.pop();
    await shows(ann, 'ann ben');
  });

  test('a reload is a leave at once, and a new member', async () => {
    const [ann, ben] = await two();
    await ben.reload();
    await reads(ben, 'status', 'open');
    await shows(ann, 'ann ben');
    const { rosters } = await record(ann);
    expect(rosters.join()).not.toContain('(');
  });

  test('a tab that is closed has left at once', async () => {
    const [ann, ben] = await two();
    const { length } = (await record(ann)).rosters;
    await ben.close();
    tabs.pop();
    await shows(ann, 'ann');
    expect((await record(ann)).rosters.slice(length)).toEqual(['ann']);
  });

  test('a page that is left and come back to is in its room', async () => {
    const [ann, ben] = await two();
    await ben.goto(`${pages.url}/elsewhere`);
    await ann.run(() => window.visitor.say({ all: 'while away' }));
    await ben.back();
    await reads(ben, 'status', 'open');
    await shows(ann, 'ann ben');
    const { restored, ids, heard } = await record(ben);
    // Of a page that was kept nothing is lost; one that was not is a new one.
    expect([ids.length, heard]).toEqual([1, restored ? ['while away'] : []]);
  });

  test('a tab in the background hears everything', async () => {
    const [ann, ben] = await two();
    await ann.show();
    await ann.run(() => {
      for (let n = 0; n < 50; n++) window.visitor.say({ all: n });
    });
    await expect.poll(async () => (await record(ben)).heard).toHaveLength(50);
  });

  if (name !== 'chromium') return;

  // No other driver can do this.
  test('a frozen tab is back with all that was said', async () => {
    const [ann, ben] = (await two()) as [Tab, ChromiumTab];
    await ben.freeze();
    await ann.run(() => window.visitor.say({ all: 'to a frozen one' }));
    cable.cut();
    await shows(ann, 'ann (ben)');
    await ben.thaw();
    await expect.poll(async () => (await record(ben)).heard).toEqual(['to a frozen one']);
    await shows(ann, 'ann ben');
    expect((await record(ben)).ids).toHaveLength(1);
  });

  test('a browser that is offline is back when it is online, with all that was said on either side', async () => {
    const [ann, ben] = (await two()) as [Tab, ChromiumTab];
    await ben.offline(true);
    // What the driver calls offline ends no socket, and prevents none to this machine.
    cable.pull();
    await shows(ann, 'ann (ben)');
    await ann.run(() => window.visitor.say({ all: 'to one who is offline' }));
    await ben.run(() => window.visitor.say({ all: 'from one who is offline' }));
    expect(await ben.run(() => navigator.onLine)).toBe(false);
    cable.mend();
    await ben.offline(false);
    await expect.poll(async () => (await record(ben)).heard).toEqual(['to one who is offline']);
    await expect.poll(async () => (await record(ann)).heard).toEqual(['from one who is offline']);
    await shows(ann, 'ann ben');
    expect(await record(ben)).toMatchObject({ ids: { length: 1 }, told: [] });
  });
});

type Recorded = Omit<Visitor, 'say' | 'type' | 'rest' | 'status'>;

const record = (tab: Tab): Promise<Recorded> =>
  tab.run(() => {
    const { heard, ids, rosters, told, statuses, restored, fates } = window.visitor;
    return { heard, ids, rosters, told, statuses, restored, fates };
  });

async function reads(tab: Tab, what: 'status', wanted: string): Promise<void> {
  await expect.poll(() => tab.run((what) => window.visitor?.[what](), what)).toBe(wanted);
}

/** Waits until the roster is this: those who are away in brackets. */
async function shows(tab: Tab, roster: string): Promise<void> {
  await expect.poll(async () => (await record(tab)).rosters.at(-1)).toBe(roster);
}
