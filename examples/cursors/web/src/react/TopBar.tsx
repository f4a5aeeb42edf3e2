/** @jsxImportSource react */
import { network } from '../shared/connection.js';
import { SOMEBODY_ELSE } from '../shared/person.js';
import type { StatusText } from '../shared/status.js';
import { Node } from './Node.js';
import { Site } from './Site.js';
import type { SiteView } from './use-site.js';

interface TopBarProps {
  boardId: string;
  site: SiteView;
  status: StatusText;
  plugged: boolean;
  /** Where there are many, and the server tells. */
  node: string | undefined;
}

export function TopBar({ boardId, site, status, plugged, node }: TopBarProps) {
  const address = `#${encodeURIComponent(boardId)}`;
  return (
    <header className="topbar">
      <a className="brand" href="#main">
        <img src="/mark.svg" alt="" width="28" height="28" />
        Roomful
      </a>
      <Site boardId={boardId} site={site} />
      <p className="status" data-tone={status.tone} role="status">
        <span className="status-dot" aria-hidden="true" />
        {status.label}
      </p>
      {node && <Node node={node} />}
      <nav className="frameworks" aria-label="The same page in">
        <a href={`/${location.search}${address}`}>Preact</a>
        <a href={`/react.html${location.search}${address}`} aria-current="page">
          React
        </a>
      </nav>
      <div className="actions">
        <button type="button" className="button" onClick={plugged ? network.unplug : network.plug}>
          {plugged ? 'Go offline' : 'Come back'}
        </button>
        <a
          className="button other"
          href={`${SOMEBODY_ELSE}${address}`}
          target="_blank"
          rel="noopener"
        >
          As somebody else
        </a>
        <a
          className="button primary"
          href={`${location.pathname}${address}`}
          target="_blank"
          rel="noopener"
        >
          <span className="long">Open a second window</span>
          <span className="short">Second window</span>
        </a>
      </div>
    </header>
  );
}
