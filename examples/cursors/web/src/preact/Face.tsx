import type { Identity } from '../shared/identity.js';
import { inTabs, initials } from '../shared/text.js';

/** A person's face, once for all of their tabs. */
export function Face({ face, tabs }: { face: Identity | undefined; tabs: number }) {
  return (
    <span class="avatar" data-color={face?.color}>
      <span aria-hidden="true">{face && initials(face.name)}</span>
      {tabs > 1 && (
        <b class="tabs" role="img" aria-label={inTabs(tabs)} title={inTabs(tabs)}>
          {tabs}
        </b>
      )}
    </span>
  );
}
