import type { Card, Line } from './rooms.gen.js';

/** Who is signed in. */
export type Me = Card & { readonly user: string };

/** What the server did not do, in its words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Who is signed in in this browser; `undefined` where nobody is. */
export async function whoAmI(): Promise<Me | undefined> {
  try {
    return await get<Me>('/api/me');
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return undefined;
    throw error;
  }
}

export const signIn = (name: string, password: string) =>
  post<Me>('/api/sign-in', { name, password });

export const join = (invitation: string, name: string, password: string) =>
  post<Me>('/api/join', { invitation, name, password });

export const signOut = () => post<void>('/api/sign-out');

export const channels = () => get<string[]>('/api/channels');

/** A page of what was said, oldest first: the latest, or what was said before a line. */
export const lines = (channel: string, before?: number) =>
  get<Line[]>(
    `/api/channels/${encodeURIComponent(channel)}/lines${before === undefined ? '' : `?before=${before}`}`,
  );

/** The address by which one person may join. */
export async function invite(): Promise<string> {
  const { invitation } = await post<{ invitation: string }>('/api/invitations');
  return `${location.origin}/#join=${invitation}`;
}

export const notice = (text: string) => post<void>('/api/notices', { text });

export const remove = (user: string) =>
  post<void>(`/api/people/${encodeURIComponent(user)}/removal`);

const get = <T>(path: string) => ask<T>(path, { cache: 'no-store' });

const post = <T>(path: string, body: unknown = {}) =>
  ask<T>(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  const answer = await fetch(path, init);
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T;
  throw new Refused(answer.status, await words(answer));
}

async function words(answer: Response): Promise<string> {
  try {
    return ((await answer.json()) as { error: string }).error;
  } catch {
    // Of a proxy, or of what reads a request before a handler does.
    return `The server answered ${answer.status}.`;
  }
}
