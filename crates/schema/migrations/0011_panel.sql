-- Who is signed in to the web panel, by the hash of the cookie. The role is the user's own, read with every request.
create table panel_sessions (
  token_hash text primary key,
  user_id text not null references users (id),
  csrf text not null,
  language text not null check (language in ('NE', 'EN')),
  created_at bigint not null,
  seen_at bigint not null
);
create index panel_sessions_user on panel_sessions (user_id);
create index panel_sessions_seen on panel_sessions (seen_at);
