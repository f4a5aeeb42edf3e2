import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { CloseInfo } from 'roomful';
import { useOthers, useUsers } from 'roomful/react';
import { lines, whoAmI, type Me } from './api.js';
import { Conversation } from './chat/conversation.js';
import { describeStatus, whyOut } from './chat/text.js';
import { whoTypes } from './chat/typing.js';
import { Composer } from './Composer.js';
import { History } from './History.js';
import { serverRooms } from './rooms.gen.js';
import { Sidebar } from './Sidebar.js';

interface ChannelProps {
  me: Me;
  channel: string;
  channels: readonly string[];
  out: (why: string) => void;
}

export function Channel({ me, channel, channels, out }: ChannelProps) {
  const [conversation] = useState(() => new Conversation((before) => lines(channel, before)));
  const shown = useSyncExternalStore(conversation.shown.subscribe, conversation.shown.get);
  const [trouble, setTrouble] = useState<string>();
  const [menu, setMenu] = useState(false);

  const load = useCallback((loading: Promise<void>) => {
    loading.then(
      () => setTrouble(undefined),
      () => setTrouble('What was said could not be loaded.'),
    );
  }, []);
  const closed = useCallback(
    async (close: CloseInfo) => {
      const why = whyOut(close);
      if (why) return out(why);
      if (close.code !== 4403) return;
      if (await whoAmI()) setTrouble('There is no such channel.');
      else out('Your session is over. Sign in again.');
    },
    [out],
  );
  const room = serverRooms.chat.useRoom({
    key: { channel },
    presence: { typing: false },
    onMessage: conversation.heard,
    onOpen: () => load(conversation.refresh()),
    onClose: (close) => void closed(close),
    // It does not give up while somebody looks at it. Where thousands would come back at once, leave the default of 30 s.
    reconnect: { maxRetries: Infinity, maxDelay: 1_500 },
  });
  const { send, setPresence, status } = room;
  const say = useCallback<typeof send.acked>((line) => send.acked(line), [send]);
  const show = useCallback((typing: boolean) => setPresence({ typing }), [setPresence]);
  const users = useUsers(room);
  const typing = useOthers(room, (others) => [
    ...new Set(
      others
        .filter(({ state, user }) => state?.typing && user !== me.user)
        .map(({ info }) => info?.name ?? 'Somebody'),
    ),
  ]);
  useEffect(() => void (document.title = `#${channel} · Team`), [channel]);

  const sidebar = useMemo(
    () => <Sidebar me={me} channel={channel} channels={channels} users={users} signedOut={out} />,
    [me, channel, channels, users, out],
  );
  const { tone, label } = describeStatus(status);
  return (
    <div className="page" data-status={status} data-menu={menu || undefined}>
      <aside className="sidebar" onClick={() => setMenu(false)}>
        {sidebar}
      </aside>
      <main className="channel">
        <header className="bar">
          <button
            type="button"
            className="button menu"
            aria-label="Channels and people"
            aria-expanded={menu}
            onClick={() => setMenu(!menu)}
          >
            ☰
          </button>
          <h1>{channel}</h1>
          <p className="status" data-tone={tone} role="status">
            <span className="status-dot" aria-hidden="true" />
            {label}
          </p>
          <span className="count">
            {users.length === 1 ? 'Just you' : `${users.length} people`}
          </span>
        </header>
        {shown.notice && (
          <div className="notice" role="alert">
            <p>
              <b>{shown.notice.name}, to everybody:</b> {shown.notice.text}
            </p>
            <button type="button" className="button" onClick={conversation.dismissNotice}>
              Close
            </button>
          </div>
        )}
        {trouble && (
          <div className="notice bad" role="alert">
            <p>{trouble}</p>
            <button type="button" className="button" onClick={() => load(conversation.refresh())}>
              Try again
            </button>
          </div>
        )}
        <History
          me={me}
          shown={shown}
          loadEarlier={() => load(conversation.loadEarlier())}
          sayAgain={(line) => conversation.sayAgain(line, say)}
          forget={(line) => conversation.forget(line.nonce)}
        />
        <p className="typing" aria-live="polite">
          {status === 'open' && whoTypes(typing)}
        </p>
        <Composer channel={channel} show={show} say={(text) => conversation.say(text, say)} />
      </main>
    </div>
  );
}
