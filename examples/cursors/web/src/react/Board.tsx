/** @jsxImportSource react */
import type { ReactNode } from 'react';
import { useEffect, useRef } from 'react';
import { watchPointer } from '../shared/pointer.js';
import type { StatusText } from '../shared/status.js';
import type { Visit } from '../shared/visit.js';
import { Code } from './Code.js';
import { OwnCursor } from './OwnCursor.js';
import { useValue } from './use-value.js';

interface BoardProps {
  boardId: string;
  visit: Visit;
  status: StatusText;
  children: ReactNode;
}

export function Board({ boardId, visit, status, children }: BoardProps) {
  const ref = useRef<HTMLDivElement>(null);
  const { color } = useValue(visit.identity);
  useEffect(() => watchPointer(ref.current!, visit.point.get, visit.move), [visit]);

  return (
    <div className="board" data-tone={status.tone}>
      <div className="hero">
        <h1>Everybody, in the same room.</h1>
        <p>
          This board is one typed WebSocket room: a Rust handler, one hook, and a cursor for each
          tab. Open it in a second window, and move: you have two cursors then, and one face.
        </p>
      </div>
      <Code boardId={boardId} />
      <div
        ref={ref}
        className="surface"
        data-color={color}
        tabIndex={0}
        role="application"
        aria-label={`The board ${boardId}`}
        aria-describedby="board-keys"
      >
        {children}
        <OwnCursor visit={visit} />
      </div>
      <p id="board-keys" className="keys">
        The arrow keys move your cursor, with Shift by a longer way.
      </p>
      {status.detail && (
        <div className="veil">
          <p>{status.detail}</p>
        </div>
      )}
    </div>
  );
}
