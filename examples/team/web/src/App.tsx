import { useCallback, useEffect, useState } from 'react';
import { whoAmI, type Me } from './api.js';
import { Door } from './Door.js';
import { forgetInvitation, usePlace } from './place.js';
import { Team } from './Team.js';

type State =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'out'; readonly why?: string }
  | { readonly kind: 'in'; readonly me: Me };

export function App() {
  const [state, setState] = useState<State>({ kind: 'unknown' });
  const place = usePlace();

  const look = useCallback(async () => {
    try {
      const me = await whoAmI();
      setState(me ? { kind: 'in', me } : { kind: 'out' });
    } catch {
      setState({ kind: 'out', why: 'The server cannot be reached. Try again in a moment.' });
    }
  }, []);
  useEffect(() => void look(), [look]);

  const out = useCallback((why: string) => setState({ kind: 'out', why }), []);
  const enter = (me: Me) => {
    if (place.invitation !== undefined) forgetInvitation();
    setState({ kind: 'in', me });
  };

  if (state.kind === 'unknown') return null;
  if (state.kind === 'out' || place.invitation !== undefined)
    return (
      <Door
        invitation={place.invitation}
        why={state.kind === 'out' ? state.why : undefined}
        enter={enter}
      />
    );
  return <Team me={state.me} channel={place.channel} out={out} />;
}
