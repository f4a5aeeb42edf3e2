/** Asks the front of `cursors nodes` to kill a node. Whether it did. */
export async function kill(node: string): Promise<boolean> {
  try {
    return (await fetch(`/demo/nodes/${encodeURIComponent(node)}`, { method: 'DELETE' })).ok;
  } catch {
    return false;
  }
}
