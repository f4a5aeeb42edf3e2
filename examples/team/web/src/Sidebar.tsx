import { useState } from 'react';
import type { User } from 'roomful';
import { remove, signOut, type Me } from './api.js';
import { Admin } from './Admin.js';
import { Face } from './Face.js';
import { addressOf } from './place.js';
import type { Card } from './rooms.gen.js';

interface SidebarProps {
  me: Me;
  channel: string;
  channels: readonly string[];
  users: readonly User<Card>[];
  signedOut: (why: string) => void;
}

export function Sidebar({ me, channel, channels, users, signedOut }: SidebarProps) {
  const [error, setError] = useState<string>();
  const leave = () => {
    signOut().then(
      () => signedOut('You have signed out.'),
      (error: Error) => setError(error.message),
    );
  };
  return (
    <>
      <p className="brand">
        <img src="/mark.svg" alt="" width="28" height="28" />
        Team
      </p>
      <nav aria-label="Channels">
        <h2>Channels</h2>
        <ul>
          {channels.map((name) => (
            <li key={name}>
              <a href={addressOf(name)} aria-current={name === channel ? 'page' : undefined}>
                {name}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <section className="people" aria-labelledby="people-title">
        <h2 id="people-title">Here now</h2>
        <ul>
          {users.map((user) => (
            <Person key={user.user} user={user} me={me} failed={setError} />
          ))}
        </ul>
      </section>
      {me.isAdmin && <Admin />}
      <p className="error" role="alert">
        {error}
      </p>
      <footer className="own">
        <Face user={me.user} name={me.name} />
        <span className="name">{me.name}</span>
        <button type="button" className="button" onClick={leave}>
          Sign out
        </button>
      </footer>
    </>
  );
}

interface PersonProps {
  user: User<Card>;
  me: Me;
  failed: (why: string) => void;
}

function Person({ user: { user, members, away, info }, me, failed }: PersonProps) {
  const [asked, setAsked] = useState(false);
  const name = info?.name ?? 'Somebody';
  const mayRemove = me.isAdmin && user !== me.user;
  const doRemove = () => {
    setAsked(false);
    remove(user).catch((error: Error) => failed(error.message));
  };
  return (
    <li className="person" data-away={away || undefined}>
      <Face user={user} name={name} tabs={members.length} />
      <span className="name">{name}</span>
      {user === me.user && <span className="tag">you</span>}
      {info?.isAdmin && user !== me.user && <span className="tag">admin</span>}
      {away && <span className="tag">away</span>}
      {mayRemove && !asked && (
        <button
          type="button"
          className="again"
          aria-label={`Remove ${name}`}
          onClick={(event) => (event.stopPropagation(), setAsked(true))}
        >
          Remove
        </button>
      )}
      {asked && (
        <button
          type="button"
          className="button bad"
          autoFocus
          onBlur={() => setAsked(false)}
          onClick={doRemove}
        >
          For good?
        </button>
      )}
    </li>
  );
}
