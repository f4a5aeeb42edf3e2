import type { CloseInfo, RoomStatus } from 'roomful';
import type { Line } from '../rooms.gen.js';

/** Two letters that stand for a name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('')
    .toUpperCase();
}

const COLORS = ['rose', 'orange', 'green', 'teal', 'blue', 'violet', 'pink'] as const;

/** The same for one user everywhere. */
export function colorOf(user: string): string {
  const sum = [...user].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9_973, 0);
  return COLORS[sum % COLORS.length]!;
}

/** `14:05`, as it is written where the reader is. */
export const timeOfDay = (at: number): string =>
  new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

export const dayOf = (at: number): string =>
  new Date(at).toLocaleDateString([], { weekday: 'long', day: 'numeric', month: 'long' });

/** Whether a line goes on where the one before ended: its author, soon after. */
export const goesOn = (line: Line, before: Line | undefined): boolean =>
  before?.by === line.by && line.at - before.at < 5 * 60_000 && sameDay(line, before);

export const sameDay = (line: Line, before: Line | undefined): boolean =>
  before !== undefined && dayOf(line.at) === dayOf(before.at);

export interface StatusText {
  readonly tone: 'good' | 'busy' | 'bad';
  readonly label: string;
}

export function describeStatus(status: RoomStatus): StatusText {
  switch (status) {
    case 'open':
      return { tone: 'good', label: 'Live' };
    case 'connecting':
      return { tone: 'busy', label: 'Connecting' };
    case 'reconnecting':
      return { tone: 'busy', label: 'Reconnecting' };
    case 'closing':
    case 'closed':
      return { tone: 'bad', label: 'Closed' };
  }
}

/** Why somebody who is closed so is not in any more; `undefined` where that is not said by the close. */
export function whyOut({ code, reason }: CloseInfo): string | undefined {
  if (code === 4401) return 'You were signed in for a long time. Sign in once more.';
  if (code !== 4410) return undefined;
  return reason === 'signed out' ? 'You have signed out.' : `You were ${reason}.`;
}
