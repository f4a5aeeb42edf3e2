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
  const base = url ?? globalThis.location?.href;
  let address: URL;
  try {
    address = new URL(path, base);
  } catch {
    // Without the error as a cause: engines put the whole address into it.
    throw new TypeError(`no address: ${withoutQuery(path)} at ${withoutQuery(base)}`);
  }
  address.protocol = address.protocol.replace('http', 'ws');
  const { searchParams } = address;
  searchParams.set('m', ref.module);
  searchParams.set('s', ref.name);
  const said = writeParams(params);
  if (said !== '{}') searchParams.set('r', said);
  return address.href;
}

/**
 * What may be shown of an address, or of a text that holds one: credentials are in a query, in a fragment, and
 * before the host.
 */
export const withoutQuery = (text: unknown): string => `${text}`.replace(/[?#].*|[^/?#\s]*@/gs, '');

/** Those that are there, in one order. To a server an empty one is not there. */
export const writeParams = (params: any = {}): string =>
  JSON.stringify(
    params,
    Object.keys(params)
      .filter((name) => params[name] !== '')
      .sort(),
  );
