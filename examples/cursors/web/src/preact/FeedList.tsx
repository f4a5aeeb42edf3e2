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
    <div class="feed" tabIndex={0} role="log" aria-label="What happens on this board">
      <div class="feed-lines">
        {quiet && <p class="notice">Nothing has been said yet.</p>}
        {entries.map((entry) => (
          <Line key={entry.id} entry={entry} sayAgain={sayAgain} />
        ))}
        {waiting.map(({ id, text, sent }) => (
          <p key={id} class="line mine waiting">
            <span class="text">{text}</span>
            {!sent && <span class="meta">Waiting for the connection</span>}
          </p>
        ))}
      </div>
    </div>
  );
}

function Line({ entry, sayAgain }: { entry: Entry; sayAgain: (lost: Entry) => void }) {
  switch (entry.kind) {
    case 'notice':
      return <p class="notice">{entry.text}</p>;
    case 'lost':
      return (
        <p class="line mine lost">
          <span class="text">{entry.text}</span>
          <span class="meta">
            Lost with the connection: nobody may have heard it.{' '}
            <button type="button" class="again" onClick={() => sayAgain(entry)}>
              Say it again
            </button>
          </span>
        </p>
      );
    case 'announced':
      return (
        <p class="line announced">
          <span class="meta">Announcement · {timeOfDay(entry.at)}</span>
          <span class="text">{entry.text}</span>
        </p>
      );
    case 'said':
      return (
        <p class={entry.mine ? 'line mine' : 'line'} data-color={entry.by.color}>
          <span class="meta">
            <b>{entry.mine ? 'You' : entry.by.name}</b> {timeOfDay(entry.at)}
          </span>
          <span class="text">{entry.text}</span>
        </p>
      );
  }
}
