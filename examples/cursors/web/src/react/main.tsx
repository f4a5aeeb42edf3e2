/** @jsxImportSource react */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../shared/styles/index.css';
import { watchBoardId } from '../shared/board-id.js';
import { Page } from './Page.js';
import { useValue } from './use-value.js';

const board = watchBoardId();

/** Another board is another visit: nothing of the one before is kept. */
function App() {
  const boardId = useValue(board);
  return <Page key={boardId} boardId={boardId} />;
}

createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
