import { useSyncExternalStore } from 'react';

/** What the address says: an invitation, or the channel that is shown. It stands in no log, since no server is told it. */
export type Place =
  { readonly invitation: string } | { readonly invitation?: undefined; readonly channel: string };

const FIRST = 'general';

export function placeIn(hash: string): Place {
  const text = hash.replace(/^#/, '');
  if (text.startsWith('join=')) return { invitation: text.slice('join='.length) };
  try {
    return { channel: decodeURIComponent(text) || FIRST };
  } catch {
    // A stray percent sign. The server decides what is a channel.
    return { channel: text };
  }
}

export const addressOf = (channel: string): string => `#${encodeURIComponent(channel)}`;

/** An invitation is used once, and its address leads nowhere then. */
export const forgetInvitation = (): void => void location.replace(addressOf(FIRST));

export function usePlace(): Place {
  const hash = useSyncExternalStore(watchHash, () => location.hash);
  return placeIn(hash);
}

function watchHash(changed: () => void): () => void {
  addEventListener('hashchange', changed);
  return () => removeEventListener('hashchange', changed);
}
