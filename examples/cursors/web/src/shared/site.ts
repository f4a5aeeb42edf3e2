import type { Happening } from '../rooms.gen.js';

/** What is shown of the site: what has happened, newest first. */
export type Lately = readonly ((Happening & { readonly id: number }) | Gap)[];

/** Events that this page has missed. */
interface Gap {
  readonly id: number;
  readonly what: 'missed';
}

/** A page that stays open all day must not grow. */
const MOST_KEPT = 30;

export const NOTHING_YET: Lately = [];

export const remember = (lately: Lately, happening: Happening): Lately =>
  [{ ...happening, id: nextId(lately) }, ...lately].slice(0, MOST_KEPT);

/** Where nothing is shown yet, nothing is missing from it. */
export function rememberGap(lately: Lately): Lately {
  if (!lately[0] || lately[0].what === 'missed') return lately;
  return [{ what: 'missed', id: nextId(lately) } as const, ...lately].slice(0, MOST_KEPT);
}

const nextId = ([latest]: Lately): number => (latest?.id ?? 0) + 1;

export function describeHappening({ who, what }: Happening): string {
  const somebody = who ?? 'Somebody';
  switch (what) {
    case 'came':
      return `${somebody} came to`;
    case 'left':
      return `${somebody} left`;
    case 'spoke':
      return `${somebody} said something on`;
  }
}

export const people = (count: number): string => (count === 1 ? '1 person' : `${count} people`);
