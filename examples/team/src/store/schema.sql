-- Whoever has this file is everybody: it has the secret with which sessions are sealed.
create table settings (
    only_row integer primary key check (only_row = 1),
    secret blob not null
) strict;

create table people (
    id integer primary key,
    name text not null unique collate nocase,
    -- As Argon2 writes it: salt and cost are in there.
    password text not null,
    is_admin integer not null,
    -- Seconds since 1970.
    removed_at integer
) strict;

-- Tokens of cookies and invitations are kept as hashes: who reads a copy of this file is signed in as nobody.
create table sessions (
    hash blob primary key,
    person integer not null references people,
    until integer not null
) strict, without rowid;

create table invitations (
    hash blob primary key,
    is_admin integer not null,
    until integer not null
) strict, without rowid;

-- Each try to sign in, until one succeeds or it is old.
create table guesses (
    name text not null collate nocase,
    at integer not null
) strict;

create index guesses_of_name on guesses (name, at);

create table channels (name text primary key) strict, without rowid;

create table lines (
    id integer primary key autoincrement,
    channel text not null references channels,
    person integer not null references people,
    -- Made by the page that said it: what is said again is kept once.
    nonce text not null,
    text text not null,
    -- Milliseconds since 1970.
    at integer not null,
    unique (person, channel, nonce)
) strict;

create index lines_of_channel on lines (channel, id);

insert into channels values ('general'), ('random');
