import type { RoomRef } from './types.js';

interface Address {
  key?: object | undefined;
  url?: string | undefined;
  path?: string | undefined;
}

/**
 * The address of a room. Equal rooms have equal addresses whatever the order of the key's params, because
 * the address also decides which connections are shared.
 */
export function socketUrl(ref: RoomRef, { key, url, path = '/__sockets' }: Address): string {
  const address = new URL(path, url ?? globalThis.location?.href);
  address.protocol = address.protocol.replace('http', 'ws');
  address.searchParams.set('m', ref.module);
  address.searchParams.set('s', ref.name);
  const params = keyParams(key);
  if (params.length > 0) address.searchParams.set('r', JSON.stringify(Object.fromEntries(params)));
  return address.href;
}

/** The key's params, in one order. */
export function keyParams(key: object = {}): [string, unknown][] {
  return Object.entries(key)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
