/** Milliseconds after the last key. */
const STILL = 4_000;

/** Says that somebody types from a key on until they stop, send, or empty what they write. */
export class TypingSign {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly show: (typing: boolean) => void) {}

  readonly wrote = (draft: string): void => {
    clearTimeout(this.#timer);
    if (!draft.trim()) return this.show(false);
    this.show(true);
    this.#timer = setTimeout(() => this.show(false), STILL);
  };

  readonly stop = (): void => {
    clearTimeout(this.#timer);
    this.show(false);
  };
}

/** `Ada is typing`, of as many as fit. */
export function whoTypes(names: readonly string[]): string {
  switch (names.length) {
    case 0:
      return '';
    case 1:
      return `${names[0]} is typing…`;
    case 2:
      return `${names[0]} and ${names[1]} are typing…`;
    default:
      return `${names[0]}, ${names[1]} and others are typing…`;
  }
}
