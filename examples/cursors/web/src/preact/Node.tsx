import { useState } from 'preact/hooks';
import { kill } from '../shared/node.js';

/** The node that this page is connected to, which it can have killed. */
export function Node({ node }: { node: string }) {
  const [refused, setRefused] = useState(false);
  return (
    <p class="node">
      on <b>{node}</b>
      <button
        type="button"
        class="button"
        onClick={() => void kill(node).then((killed) => setRefused(!killed))}
      >
        Kill it
      </button>
      {refused && (
        <span class="error" role="alert">
          It could not be killed.
        </span>
      )}
    </p>
  );
}
