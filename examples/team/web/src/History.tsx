import { Fragment, memo } from 'react';
import type { Me } from './api.js';
import type { Shown, Waiting } from './chat/conversation.js';
import { dayOf, goesOn, sameDay, timeOfDay } from './chat/text.js';
import { Face } from './Face.js';
import type { Line } from './rooms.gen.js';

interface HistoryProps {
  me: Me;
  shown: Shown;
  loadEarlier: () => void;
  sayAgain: (line: Waiting) => void;
  forget: (line: Waiting) => void;
}

export function History({ me, shown, loadEarlier, sayAgain, forget }: HistoryProps) {
  const { lines, waiting, earlier } = shown;
  return (
    <div className="history" tabIndex={0} role="log" aria-label="What was said">
      <div className="lines">
        {earlier && (
          <button type="button" className="button earlier" onClick={loadEarlier}>
            Earlier
          </button>
        )}
        {lines.length + waiting.length === 0 && (
          <p className="soft">Nothing has been said here yet.</p>
        )}
        {lines.map((line, nth) => (
          <Fragment key={line.id}>
            {!sameDay(line, lines[nth - 1]) && <h2 className="day">{dayOf(line.at)}</h2>}
            <Said line={line} goesOn={goesOn(line, lines[nth - 1])} />
          </Fragment>
        ))}
        {waiting.map((line) => (
          <div key={line.nonce} className="line own" data-state={line.state}>
            <Face user={me.user} name={me.name} />
            <p className="text">{line.text}</p>
            {line.state !== 'waiting' && (
              <p className="meta">
                {line.state === 'lost'
                  ? 'The connection was lost, and nobody knows whether it was heard. '
                  : `It was not taken: ${line.why}. `}
                <button type="button" className="again" onClick={() => sayAgain(line)}>
                  Say it again
                </button>{' '}
                <button type="button" className="again" onClick={() => forget(line)}>
                  Forget it
                </button>
              </p>
            )}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Renders once: a line does not change. */
const Said = memo(function Said({ line, goesOn }: { line: Line; goesOn: boolean }) {
  return (
    <div className="line" data-goes-on={goesOn || undefined}>
      {!goesOn && <Face user={line.by} name={line.name} />}
      {!goesOn && (
        <p className="meta">
          <b>{line.name}</b> <time>{timeOfDay(line.at)}</time>
        </p>
      )}
      <p className="text">{line.text}</p>
    </div>
  );
});
