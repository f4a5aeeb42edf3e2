/** @jsxImportSource react */
import { describeHappening, people, type Lately } from '../shared/site.js';
import { timeOfDay } from '../shared/text.js';
import type { SiteView } from './use-site.js';

interface SiteProps {
  boardId: string;
  site: SiteView;
}

/** The name of the board; it opens what there is beside it, where the server tells. */
export function Site({ boardId, site: { boards, error, refresh, lately } }: SiteProps) {
  if (!boards) return <span className="board-name">{boardId}</span>;
  return (
    <>
      <button type="button" className="board-name" popoverTarget="site" title="All boards">
        {boardId}
      </button>
      <div id="site" className="site" popover="auto" role="dialog" aria-label="All boards">
        <h2>
          Boards <span className="count">{boards.length}</span>
        </h2>
        {error && (
          <p className="error">
            The list could not be loaded.{' '}
            <button type="button" className="again" onClick={refresh}>
              Try again
            </button>
          </p>
        )}
        <ul className="boards">
          {boards.map(({ board, people: count }) => (
            <li key={board}>
              <a
                href={`#${encodeURIComponent(board)}`}
                aria-current={board === boardId ? 'page' : undefined}
              >
                <span className="board-of">{board}</span>
                <span className="count">{people(count)}</span>
              </a>
            </li>
          ))}
        </ul>
        <h2>Lately</h2>
        <ul className="lately">
          {lately.length === 0 && <li className="quiet">Nothing since you came.</li>}
          {lately.map((happening) => (
            <Line key={happening.id} happening={happening} />
          ))}
        </ul>
      </div>
    </>
  );
}

function Line({ happening }: { happening: Lately[number] }) {
  if (happening.what === 'missed') return <li className="quiet">Something happened meanwhile.</li>;
  const { board, at } = happening;
  return (
    <li>
      <span>
        {describeHappening(happening)} <a href={`#${encodeURIComponent(board)}`}>{board}</a>
      </span>
      <time className="count">{timeOfDay(at)}</time>
    </li>
  );
}
