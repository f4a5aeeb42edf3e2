/**
 * JSON with bigints: a string of digits behind a space, which means nothing to anybody else, and tells it from another
 * string where a client reads what it has written itself.
 */
import { writeWith } from '../connection/wire.js';

/** From now on what is sent may have bigints. */
export function writeBigints(): void {
  writeWith(stringify, parse);
}

/**
 * While a value is written or read, the first character of a string that stands for a bigint; and of each that begins
 * with it anyway.
 */
const MARK = '\0';

/** Each string of a JSON text, from its beginning to its end, with what is before and behind it. */
const STRINGS = /( ?)"((?:[^"\\]|\\.)*)"(:?)/g;
const ESCAPED = '\\u0000';

function stringify(value: unknown): string {
  try {
    // Most that is said has none, and JSON itself is many times faster. An app may have taught it to write bigints.
    if (!('toJSON' in BigInt.prototype)) return JSON.stringify(value);
  } catch {
    // There are some; or what cannot be written like this either.
  }
  const marked: string | undefined = JSON.stringify(value, mark);
  return marked?.replace(STRINGS, (all, before, text: string, behind) => {
    if (behind || !text.startsWith(ESCAPED)) return all;
    const rest = text.slice(ESCAPED.length);
    return rest.startsWith(ESCAPED) ? `${before}"${rest}"` : ` "${rest}"`;
  });
}

function mark(this: any, key: string, value: unknown): unknown {
  if (typeof this[key] === 'bigint') return MARK + this[key];
  return typeof value === 'string' && value.startsWith(MARK) ? MARK + value : value;
}

function parse(text: string): any {
  const marked = text.replace(STRINGS, (all, before, text: string, behind) => {
    // No key is a bigint.
    if (behind || (!before && !text.startsWith(ESCAPED))) return all;
    return `"${ESCAPED}${text}"`;
  });
  return JSON.parse(marked, (_, value) => {
    if (typeof value !== 'string' || !value.startsWith(MARK)) return value;
    const rest = value.slice(1);
    return rest.startsWith(MARK) ? rest : BigInt(rest);
  });
}
