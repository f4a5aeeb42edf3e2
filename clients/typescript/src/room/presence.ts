import { reread } from '../connection/wire.js';
import { encodePresence } from './wire.js';

/** What a change of presence needs of the member. */
interface Presenting {
  readonly self: { readonly state?: unknown } | undefined;
  readonly shared: { readonly outbox: { readonly pinned: string | undefined } } | undefined;
  pin(data: string): void;
}

/**
 * Sets the presence of a member. `first`: what that one begins with, where nothing is set yet. Returns what it
 * has set, encoded.
 */
export type PresenceChange = (member: Presenting, first?: () => string | undefined) => string;

/**
 * `next`: a state, which is encoded now; or a function, which makes one of the last that was set, or else of what
 * the server shows. It gets a copy, so that nothing that it does reaches the roster.
 *
 * @throws RoomError `bad_presence`.
 */
export function presenceChange(next: unknown): PresenceChange {
  const whole = typeof next !== 'function' && encodePresence(next);
  return (member, first) => {
    const previous = () =>
      member.shared?.outbox.pinned ?? first?.() ?? encodePresence(member.self?.state);
    const data = whole || encodePresence((next as Function)(reread(previous()).state));
    member.pin(data);
    return data;
  };
}

/** For `presenceChange`: some fields of a state. Those that are `undefined` are taken out of it. */
export const patching =
  ({ ...patch }: object) =>
  (previous: object | undefined): object => ({ ...previous, ...patch });
