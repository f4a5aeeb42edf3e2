import { useEffect, useRef, useState, type FormEvent, type KeyboardEvent } from 'react';
import { TypingSign } from './chat/typing.js';

interface ComposerProps {
  channel: string;
  /** Shows the others whether something is being written. */
  show: (typing: boolean) => void;
  /** False where there is nothing to say. */
  say: (text: string) => boolean;
}

export function Composer({ channel, show, say }: ComposerProps) {
  const [draft, setDraft] = useState('');
  const [sign] = useState(() => new TypingSign(show));
  const input = useRef<HTMLTextAreaElement>(null);
  useEffect(() => sign.stop, [sign]);

  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (say(draft)) {
      setDraft('');
      sign.stop();
    }
    input.current?.focus();
  };
  const key = (event: KeyboardEvent) => {
    // Of whoever writes with an input method, Enter takes what it proposes.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  return (
    <form className="composer" onSubmit={submit}>
      <textarea
        ref={input}
        rows={1}
        aria-label={`Say something in ${channel}`}
        placeholder={`Say something in #${channel}`}
        maxLength={2_000}
        enterKeyHint="send"
        value={draft}
        onKeyDown={key}
        onChange={({ currentTarget: { value } }) => {
          setDraft(value);
          sign.wrote(value);
        }}
      />
      <button className="button primary" aria-label="Send">
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M8 14V3M3.5 7.2 8 2.7l4.5 4.5" />
        </svg>
      </button>
    </form>
  );
}
