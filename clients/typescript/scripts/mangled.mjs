/**
 * The names of properties that only this package sees, which the build shortens: a page's own minifier cannot, because it
 * does not know that nobody else uses them. Never the name of something on the wire, of the page, or of what an app gives
 * or gets; `mangled.test.ts` looks that up in the source. One that is not listed costs its length and breaks nothing.
 * The most used come first, and so get the shortest names; which of those gets which letter was tried, because some
 * compress better.
 */
export const INTERNAL = `
  phase known dispatch timer until transmit call pin interval shared pause isOffline settle since unanswered forget
  isState greetsPlain failed attach grown reset take pinned changed driver attempt connections relay createKnown owed
  outbox observe accepted spent resume heard pinged current toFrame fields answered onWake buffered detach received
  renew resumption stepped follow useEffect useLayoutEffect useMemo useState useStore version placeAt enter shown
  actions present empty address change
`
  .trim()
  .split(/\s+/);

/** The most frequent first, which compress best. */
const LETTERS = [...'etnoirsacdlupmhgfvbykwxjqzETNOIRSACDLUPMHGFVBYKWXJQZ'];

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
