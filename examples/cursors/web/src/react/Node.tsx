/** @jsxImportSource react */
import { useState } from 'react';
import { kill } from '../shared/node.js';

/** The node that this page is connected to, which it can have killed. */
export function Node({ node }: { node: string }) {
  const [refused, setRefused] = useState(false);
  return (
    <p className="node">
      on <b>{node}</b>
      <button
        type="button"
        className="button"
        onClick={() => void kill(node).then((killed) => setRefused(!killed))}
      >
        Kill it
      </button>
      {refused && (
        <span className="error" role="alert">
          It could not be killed.
        </span>
      )}
    </p>
  );
}
