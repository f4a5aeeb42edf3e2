import { useState, type FormEvent } from 'react';
import { invite, notice } from './api.js';

/** What an admin alone can do beside removing somebody. The server asks each time whether it is one. */
export function Admin() {
  const [address, setAddress] = useState<string>();
  const [text, setText] = useState('');
  const [error, setError] = useState<string>();

  const failed = (error: Error) => setError(error.message);
  const makeInvitation = () => invite().then(setAddress, failed);
  const tell = (event: FormEvent) => {
    event.preventDefault();
    setError(undefined);
    notice(text).then(() => setText(''), failed);
  };
  return (
    <section
      className="admin"
      aria-labelledby="admin-title"
      // What is done here does not close the menu of a phone.
      onClick={(event) => event.stopPropagation()}
    >
      <h2 id="admin-title">Admin</h2>
      <button type="button" className="button" onClick={() => void makeInvitation()}>
        Invite somebody
      </button>
      {address && (
        <label>
          For one person, for a week
          <input
            readOnly
            value={address}
            aria-label="The invitation's address"
            onFocus={(event) => event.currentTarget.select()}
          />
        </label>
      )}
      <form onSubmit={tell}>
        <input
          aria-label="A notice to everybody"
          placeholder="A notice to everybody"
          required
          maxLength={2_000}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <button className="button">Tell</button>
      </form>
      <p className="error" role="alert">
        {error}
      </p>
    </section>
  );
}
