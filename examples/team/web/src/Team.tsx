import { useEffect, useState } from 'react';
import { channels, type Me } from './api.js';
import { Channel } from './Channel.js';

interface TeamProps {
  me: Me;
  channel: string;
  out: (why: string) => void;
}

export function Team({ me, channel, out }: TeamProps) {
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    // Where it fails the channel says why: it has a connection of its own.
    channels().then(setNames, () => setNames([]));
  }, []);
  // Another channel is another room, of which nothing is kept.
  return <Channel key={channel} me={me} channel={channel} channels={names} out={out} />;
}
