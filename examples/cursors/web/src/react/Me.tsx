/** @jsxImportSource react */
import { useEffect, useRef, useState } from 'react';
import type { Visit } from '../shared/visit.js';
import { Face } from './Face.js';
import { useValue } from './use-value.js';

/** One's own row: the name in it can be changed. */
export function Me({ visit, tabs }: { visit: Visit; tabs: number }) {
  const identity = useValue(visit.identity);
  const { name } = identity;
  const refusal = useValue(visit.refusal);
  const [draft, setDraft] = useState(name);
  const input = useRef<HTMLInputElement>(null);
  const wrong = refusal?.about === 'name' ? refusal.reason : undefined;

  useEffect(() => setDraft(name), [name, wrong]);

  const save = () => {
    if (draft === name) return;
    visit.rename(draft);
    setDraft(visit.identity.get().name);
  };
  return (
    <li className="person me">
      <Face face={identity} tabs={tabs} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          input.current?.blur();
        }}
      >
        <input
          ref={input}
          className="own-name"
          aria-label="Your name"
          aria-invalid={wrong !== undefined}
          aria-describedby="name-error"
          autoComplete="off"
          spellCheck={false}
          value={draft}
          onChange={(event) => setDraft(event.currentTarget.value)}
          onBlur={save}
          onKeyDown={(event) => event.key === 'Escape' && setDraft(name)}
        />
      </form>
      <span className="tag">you</span>
      <p id="name-error" className="error" role="alert">
        {wrong && `That name was refused: ${wrong}`}
      </p>
    </li>
  );
}
