import type { Ref } from './connection/types.js';

interface Address {
  url?: string | undefined;
  path?: string | undefined;
}

/**
 * The address of a room or socket. Equal ones have equal addresses whatever the order of their params, because
 * the address also decides which connections are shared.
 */
export function socketUrl(
  ref: Ref,
  params: object | undefined,
  { url, path = '/__sockets' }: Address,
): string {
  const address = new URL(path, url ?? globalThis.location?.href);
  address.protocol = address.protocol.replace('http', 'ws');
  address.searchParams.set('m', ref.module);
  address.searchParams.set('s', ref.name);
  const sorted = sortedParams(params);
  if (sorted.length > 0) address.searchParams.set('r', JSON.stringify(Object.fromEntries(sorted)));
  return address.href;
}

/** Those that are there, in one order. */
export function sortedParams(params: object = {}): [string, unknown][] {
  return Object.entries(params)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
