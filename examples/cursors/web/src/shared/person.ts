/**
 * Whose tab this is. The board asks nobody to sign in, so a browser makes up a secret once and gives it with each connection:
 * all of its tabs are one person, also after a restart of either side.
 *
 * Whoever has the secret is that person, so it is shown nowhere and put into no address: the server tells the others a hash
 * of it. Any script of this origin can read it, as with everything in `localStorage`. Where people sign in, `credentials` is
 * a function that fetches a short-lived token from your session instead.
 */

const STORED = 'cursors.secret';
/** An address with this is somebody else's window, for as long as it is open: to try the board alone. */
export const SOMEBODY_ELSE = '?somebody-else';

export type Store = Pick<Storage, 'getItem' | 'setItem'>;

/** What all tabs of this page's person share. */
export const storeOf = (page: Window = window): Storage =>
  page.location.search === SOMEBODY_ELSE ? page.sessionStorage : page.localStorage;

/** The secret of this page's person, made where there is none. */
export function secretOf(store: Store = storeOf(), random = randomBytes): string {
  const known = store.getItem(STORED);
  if (known && /^[0-9a-f]{32}$/.test(known)) return known;
  const made = [...random()].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  store.setItem(STORED, made);
  return made;
}

// `crypto.randomUUID` is not there on a page that came by plain HTTP from another machine.
const randomBytes = (): Uint8Array => crypto.getRandomValues(new Uint8Array(16));
