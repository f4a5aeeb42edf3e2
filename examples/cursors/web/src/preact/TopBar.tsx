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
    <header class="topbar">
      <a class="brand" href="#main">
        <img src="/mark.svg" alt="" width="28" height="28" />
        Roomful
      </a>
      <Site boardId={boardId} site={site} />
      <p class="status" data-tone={status.tone} role="status">
        <span class="status-dot" aria-hidden="true" />
        {status.label}
      </p>
      {node && <Node node={node} />}
      <nav class="frameworks" aria-label="The same page in">
        <a href={`/${location.search}${address}`} aria-current="page">
          Preact
        </a>
        <a href={`/react.html${location.search}${address}`}>React</a>
      </nav>
      <div class="actions">
        <button type="button" class="button" onClick={plugged ? network.unplug : network.plug}>
          {plugged ? 'Go offline' : 'Come back'}
        </button>
        <a class="button other" href={`${SOMEBODY_ELSE}${address}`} target="_blank" rel="noopener">
          As somebody else
        </a>
        <a
          class="button primary"
          href={`${location.pathname}${address}`}
          target="_blank"
          rel="noopener"
        >
          <span class="long">Open a second window</span>
          <span class="short">Second window</span>
        </a>
      </div>
    </header>
  );
}
