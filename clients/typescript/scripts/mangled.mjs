/**
 * The names of properties that only this package sees, which the build shortens: a page's own minifier cannot, because it
 * does not know that nobody else uses them. Never the name of something on the wire, of the page, or of what an app gives
 * or gets; `mangled.test.ts` looks that up in the source. One that is not listed costs its length and breaks nothing.
 */
export const INTERNAL = `
  accepted attach attempt buffered call changed clearTimer connections detach dispatch 
  enter failed fields follow forget firstFrame greetsPlain grown heard isOffline listeners machine notify
  observe onWake outbox owed pause phase pin pinged pinned placeAt policy received relay renew resume setTimer settle
  shared shown since spent stepped take touched transmit tries unanswered until useEffect useLayoutEffect useMemo useState
  useStore version
`
  .trim()
  .split(/\s+/);

const LETTERS = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];

/** Frames have them. None of our own objects is a frame, and none shall look like one. */
const TAKEN = ['t', 'n', 'of', 'op', 'id'];

const SHORT = ['', ...LETTERS]
  .flatMap((first) => LETTERS.map((letter) => first + letter))
  .filter((name) => !TAKEN.includes(name));

/** For esbuild. The same for every file, so that each can be built alone. */
export const MANGLED = {
  mangleProps: new RegExp(`^(${INTERNAL.join('|')})$`),
  mangleCache: Object.fromEntries(INTERNAL.map((name, i) => [name, SHORT[i]])),
};
