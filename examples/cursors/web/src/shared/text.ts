/** Two letters that stand for a name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('')
    .toUpperCase();
}

/** `14:05`, as it is written where the reader is. */
export function timeOfDay(at: number): string {
  return new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

/** `3 s`, and never less than one. */
export function seconds(milliseconds: number): string {
  return `${Math.max(1, Math.round(milliseconds / 1_000))} s`;
}

export function howMany(people: number): string {
  return people === 1 ? 'Just you' : `${people} people`;
}

export function inTabs(tabs: number): string {
  return `in ${tabs} tabs`;
}
