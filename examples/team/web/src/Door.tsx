import { useState, type FormEvent } from 'react';
import { join, signIn, type Me } from './api.js';

interface DoorProps {
  /** Whoever has one joins; whoever has none signs in. */
  invitation: string | undefined;
  /** Why somebody who was in is not any more. */
  why: string | undefined;
  enter: (me: Me) => void;
}

export function Door({ invitation, why, enter }: DoorProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const joins = invitation !== undefined;

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const [name, password] = [`${given.get('name')}`, `${given.get('password')}`];
    setBusy(true);
    setError(undefined);
    try {
      enter(await (joins ? join(invitation, name, password) : signIn(name, password)));
    } catch (error) {
      setError(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <main className="door">
      <form className="card" onSubmit={(event) => void submit(event)}>
        <img src="/mark.svg" alt="" width="44" height="44" />
        <h1>{joins ? 'Join the team' : 'Sign in'}</h1>
        <p className="soft">
          {joins
            ? 'Choose the name that the others see, and a password of ten characters or more.'
            : 'Only who was invited is in. Ask an admin for an invitation.'}
        </p>
        {why && (
          <p className="why" role="status">
            {why}
          </p>
        )}
        <label>
          Name
          <input name="name" autoComplete="username" required maxLength={40} autoFocus />
        </label>
        <label>
          Password
          <input
            name="password"
            type="password"
            autoComplete={joins ? 'new-password' : 'current-password'}
            required
            minLength={joins ? 10 : undefined}
          />
        </label>
        <p className="error" role="alert">
          {error}
        </p>
        <button className="button primary" disabled={busy}>
          {joins ? 'Join' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}
