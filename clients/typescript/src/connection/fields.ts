/** The values that every connection has, that change and can be watched. */
export type ConnectionField = 'status' | 'closeInfo';

// What has changed is said in bits, in the order of the fields of a room or socket, because a busy room asks
// thousands of times a second.
export const STATUS = 1;
export const CLOSE_INFO = 2;
/** The first of those that only a room or only a socket has. */
export const OWN = 4;

/** Of no field: what only `health.ts` asks for. */
export const ROUND_TRIP = 1 << 9;

/** Gives `target` a property for each field, whose value is the one at the time of reading. */
export function live<T extends object, F extends string>(
  target: T,
  fields: readonly F[],
  read: (field: F) => unknown,
): T & { readonly [_ in F]: any } {
  for (const field of fields) {
    Object.defineProperty(target, field, { enumerable: true, get: () => read(field) });
  }
  return target as any;
}
