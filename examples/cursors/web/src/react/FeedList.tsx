/** @jsxImportSource react */
import type { Entry } from '../shared/feed.js';
import { timeOfDay } from '../shared/text.js';
import type { Visit } from '../shared/visit.js';
import { useValue } from './use-value.js';

interface FeedListProps {
  visit: Visit;
  sayAgain: (lost: Entry) => void;
}

/** Read out as it grows: what is said, and who comes and goes. */
export function FeedList({ visit, sayAgain }: FeedListProps) {
  const entries = useValue(visit.feed.entries);
  const waiting = useValue(visit.feed.waiting);
  const quiet = entries.length === 0 && waiting.length === 0;
  return (
    <div className="feed" tabIndex={0} role="log" aria-label="What happens on this board">
      <div className="feed-lines">
        {quiet && <p className="notice">Nothing has been said yet.</p>}
        {entries.map((entry) => (
          <Line key={entry.id} entry={entry} sayAgain={sayAgain} />
        ))}
        {waiting.map(({ id, text, sent }) => (
          <p key={id} className="line mine waiting">
            <span className="text">{text}</span>
            {!sent && <span className="meta">Waiting for the connection</span>}
          </p>
        ))}
      </div>
    </div>
  );
}

function Line({ entry, sayAgain }: { entry: Entry; sayAgain: (lost: Entry) => void }) {
  switch (entry.kind) {
    case 'notice':
      return <p className="notice">{entry.text}</p>;
    case 'lost':
      return (
        <p className="line mine lost">
          <span className="text">{entry.text}</span>
          <span className="meta">
            Lost with the connection: nobody may have heard it.{' '}
            <button type="button" className="again" onClick={() => sayAgain(entry)}>
              Say it again
            </button>
          </span>
        </p>
      );
    case 'announced':
      return (
        <p className="line announced">
          <span className="meta">Announcement · {timeOfDay(entry.at)}</span>
          <span className="text">{entry.text}</span>
        </p>
      );
    case 'said':
      return (
        <p className={entry.mine ? 'line mine' : 'line'} data-color={entry.by.color}>
          <span className="meta">
            <b>{entry.mine ? 'You' : entry.by.name}</b> {timeOfDay(entry.at)}
          </span>
          <span className="text">{entry.text}</span>
        </p>
      );
  }
}
