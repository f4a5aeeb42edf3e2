import { render } from 'preact';
import '../shared/styles/index.css';
import { watchBoardId } from '../shared/board-id.js';
import { Page } from './Page.js';
import { useSite } from './use-site.js';
import { useValue } from './use-value.js';

const board = watchBoardId();

/** Another board is another visit, of which nothing is kept; the site stays the same. */
function App() {
  const boardId = useValue(board);
  const site = useSite();
  return <Page key={boardId} boardId={boardId} site={site} />;
}

render(<App />, document.getElementById('app')!);
