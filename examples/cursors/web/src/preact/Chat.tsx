import type { RoomStatus, Send } from 'roomful/preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Say } from '../rooms.gen.js';
import type { Visit } from '../shared/visit.js';
import { FeedList } from './FeedList.js';
import { useValue } from './use-value.js';

interface ChatProps {
  visit: Visit;
  send: Send<Say>;
  status: RoomStatus;
}

export function Chat({ visit, send, status }: ChatProps) {
  const refusal = useValue(visit.refusal);
  const [draft, setDraft] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const wrong = refusal && refusal.about !== 'name' ? refusal : undefined;

  // What was refused comes back to be mended, unless something else is being written by now.
  useLayoutEffect(() => {
    if (wrong?.text) setDraft((draft) => draft || (wrong.text ?? ''));
  }, [wrong]);

  const submit = (event: Event) => {
    event.preventDefault();
    if (visit.say(draft, { send, status })) setDraft('');
    input.current?.focus();
  };
  return (
    <section class="chat" aria-labelledby="chat-title">
      <h2 id="chat-title">Messages</h2>
      <FeedList visit={visit} sayAgain={(lost) => visit.sayAgain(lost, { send, status })} />
      <form class="composer" onSubmit={submit}>
        <input
          ref={input}
          aria-label="Say something to everybody here"
          aria-invalid={wrong !== undefined}
          aria-describedby="line-error"
          placeholder="Say something…"
          autocomplete="off"
          enterkeyhint="send"
          value={draft}
          onInput={(event) => setDraft(event.currentTarget.value)}
        />
        <button
          type="submit"
          class="button primary"
          aria-label="Send"
          disabled={status === 'closed'}
        >
          <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
            <path d="M8 14V3M3.5 7.2 8 2.7l4.5 4.5" />
          </svg>
        </button>
        <p id="line-error" class="error" role="alert">
          {wrong && `Not sent: ${wrong.reason}`}
        </p>
      </form>
    </section>
  );
}
