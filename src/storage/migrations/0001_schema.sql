-- Tables. The protocol that works on them stands in the following migrations.

create table settings (
  name text primary key,
  value text not null
);

-- An account's parent never changes, so its ancestors (itself included) are kept beside it.
create table accounts (
  id integer generated always as identity primary key,
  key text not null unique check (key ~ '^[0-9A-F]{32}$'),
  parent_id integer references accounts,
  root_id integer not null references accounts deferrable initially deferred,
  ancestors integer[] not null,
  name text,
  created_at timestamptz not null default now()
);

insert into accounts (key, root_id, ancestors, name)
overriding system value
values ('00000000000000000000000000000001', 1, array[1], 'default');

-- One row for each destination of an account tree: the lock anchor of everything said about it.
-- `hash` is keyed; `value` is the clear text and goes at erasure, the hash stays.
create table contact_points (
  id bigint generated always as identity primary key,
  root_id integer not null references accounts,
  kind text not null check (kind in ('phone', 'email', 'domain')),
  hash bytea not null check (octet_length(hash) = 16),
  domain_id bigint references contact_points,
  value text,
  created_at timestamptz not null default now(),
  unique (hash, kind, root_id),
  check (domain_id is null or kind = 'email')
) with (fillfactor = 90);

create index contact_points_of_domain on contact_points (domain_id, id) where domain_id is not null;

create table campaigns (
  id integer generated always as identity primary key,
  account_id integer not null references accounts,
  reference text not null check (length(reference) between 1 and 255),
  created_at timestamptz not null default now(),
  unique (account_id, reference)
);

-- A stream is one kind of traffic: what many sends have in common, kept once instead of in each of them.
create table streams (
  id integer generated always as identity primary key,
  account_id integer not null references accounts,
  channel text not null check (channel in ('SMS', 'MMS', 'VIBER', 'RCS', 'EMAIL')),
  sender text not null check (length(sender) between 1 and 255),
  sender_key text not null,
  purpose text not null check (purpose in ('MARKETING', 'SERVICE')),
  kind text not null check (kind in ('message', 'confirmation')),
  campaign_id integer references campaigns
);

create unique index streams_key
  on streams (account_id, channel, sender, purpose, kind, coalesce(campaign_id, 0));
create index streams_of_campaign on streams (campaign_id) where campaign_id is not null;

-- The ledger: append-only. Entries are its projection.
create table blocklist_events (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  kind text not null check (kind in ('BLOCK', 'UNBLOCK')),
  effect text not null check (effect in ('added', 'strengthened', 'already', 'removed', 'nothing')),
  account_id integer not null references accounts,
  contact_id bigint not null references contact_points,
  channel text,
  sender text,
  sender_key text,
  source text not null check (source in ('MO', 'URL_OPT_OUT', 'CAMPAIGN', 'CUSTOM')),
  covers text not null default 'ALL' check (covers in ('ALL', 'MARKETING')),
  complaint boolean not null default false,
  campaign_id integer references campaigns,
  -- When the person or operator said so; `at` is when it was written.
  received_at timestamptz not null,
  -- The message it answers and how sure that is.
  send_id uuid,
  confidence text check (confidence in ('exact', 'campaign', 'latest', 'none')),
  inbox_id bigint,
  -- The entry concerned: its id is that of the ledger event that added it.
  entry_id bigint,
  actor text not null,
  evidence jsonb not null default '{}',
  check ((kind = 'BLOCK') = (effect in ('added', 'strengthened', 'already')))
);

create index blocklist_events_of_contact on blocklist_events (contact_id, id);
create index blocklist_events_of_campaign on blocklist_events (campaign_id) where campaign_id is not null;
create index blocklist_events_in_time on blocklist_events using brin (at);

create function blocklist_events_are_append_only() returns trigger
language plpgsql as $$
begin
  raise exception 'the ledger is append-only' using errcode = 'restrict_violation';
end $$;

create trigger blocklist_events_append_only
  before update or delete on blocklist_events
  for each row execute function blocklist_events_are_append_only();
create trigger blocklist_events_no_truncate
  before truncate on blocklist_events
  for each statement execute function blocklist_events_are_append_only();

-- Live entries. One for each account, destination, channel or any, sender or any, and source.
create table blocklist_entries (
  id bigint primary key references blocklist_events,
  account_id integer not null references accounts,
  contact_id bigint not null references contact_points,
  channel text check (channel in (
    'SMS', 'EMAIL', 'VOICE_OUTBOUND_TTS', 'NEW_PUSH_NOTIF', 'VIBER', 'RCS', 'WHATSAPP', 'APPLE_MB', 'MMS')),
  sender text,
  sender_key text,
  source text not null check (source in ('MO', 'URL_OPT_OUT', 'CAMPAIGN', 'CUSTOM')),
  covers text not null check (covers in ('ALL', 'MARKETING')),
  complaint boolean not null,
  -- First touch: never overwritten. Later opt-outs are ledger events with a campaign of their own.
  campaign_id integer references campaigns,
  added_at timestamptz not null,
  -- The latest opt-out under this key: an opt-in counts only if it was received later.
  last_received_at timestamptz not null,
  check ((sender is null) = (sender_key is null))
);

-- `nulls not distinct` needs Postgres 15; 14 is promised.
create unique index blocklist_entries_key
  on blocklist_entries (contact_id, account_id, source, coalesce(channel, ''), coalesce(sender_key, ''));
create index blocklist_entries_listing on blocklist_entries (account_id, id);
create index blocklist_entries_of_campaign on blocklist_entries (campaign_id) where campaign_id is not null;

-- Hand-written flows that have something to do with a contact: whom to signal when it opts out or replies.
create table flow_contacts (
  id bigint generated always as identity primary key,
  workflow_id text not null,
  contact_id bigint not null references contact_points,
  account_id integer not null references accounts,
  registered_at timestamptz not null default now(),
  closed_at timestamptz,
  unique (contact_id, workflow_id)
);

-- Permits and what became of them; `id` is made from the send key, so one key is one row, for ever, and the
-- permit's id is the message's id at the provider. No foreign key to contact_points: the claim has just locked
-- those rows and they are never deleted; the check would cost a third of the claim rate.
-- None of the columns a message passes through (state, attempt, ...) is indexed: its updates stay on the page.
create table sends (
  id uuid primary key,
  claimant uuid not null,
  contact_id bigint not null,
  claimed_at timestamptz not null,
  valid_until timestamptz not null,
  flow_contact_id bigint,
  stream_id integer not null references streams,
  attempt integer not null default 0,
  state text not null check (state in (
    'claimed', 'held', 'blocked', 'revoked', 'dispatching', 'sent', 'rejected', 'failed', 'unknown', 'expired')),
  -- Held rows only: why, and when to decide again (`infinity`: when the cause goes).
  hold_reason text check (hold_reason in ('UNREAD_REPLY', 'HALT', 'QUIET_HOURS', 'FREQUENCY_CAP')),
  held_until timestamptz,
  dispatch_until timestamptz,
  -- What must happen to a row in dispatch if the provider refuses it: an opt-out or a reply came in between.
  on_return text check (on_return in ('revoke', 'hold')),
  -- An earlier attempt died with its answer unknown: never again `blocked`, but `unknown`.
  in_doubt boolean not null default false,
  blocked_by bigint,
  settled_at timestamptz,
  detail text,
  delivery text check (delivery in ('DELIVERED', 'UNDELIVERABLE', 'SEEN')),
  delivery_at timestamptz,
  check ((state = 'held') = (held_until is not null)),
  check ((state = 'held') = (hold_reason is not null))
) with (fillfactor = 55, autovacuum_vacuum_insert_scale_factor = 0.5);

create index sends_of_contact on sends (contact_id);
create index sends_of_stream on sends (stream_id);
create index sends_held on sends (claimant, held_until) where held_until is not null;
create index sends_validity on sends using brin (valid_until) with (pages_per_range = 32, autosummarize = on);

-- What came in: replies (which hold the person's permits until read) and product events.
create table inbox (
  id bigint generated always as identity primary key,
  provider text not null,
  message_id text not null,
  kind text not null check (kind in ('REPLY', 'EVENT')),
  account_id integer not null references accounts,
  contact_id bigint not null references contact_points,
  shard smallint not null,
  channel text,
  sender text,
  sender_key text,
  text text,
  received_at timestamptz not null,
  in_reply_to uuid,
  campaign text,
  state text not null check (state in ('unread', 'read', 'review')),
  tries smallint not null default 0,
  -- How it was read: action, deciding keyword, ledger event.
  reading jsonb,
  created_at timestamptz not null default clock_timestamp(),
  read_at timestamptz,
  unique (provider, message_id)
);

create index inbox_unread on inbox (shard, id) where state = 'unread';
create index inbox_unread_of_contact on inbox (contact_id) where state in ('unread', 'review');
create index inbox_of_contact on inbox (contact_id, id);

-- Work that must follow a committed change: signals to flows, confirmations. Done rows are deleted.
create table outbox (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('SIGNAL', 'CONFIRMATION')),
  payload jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  due_at timestamptz not null default clock_timestamp(),
  tries integer not null default 0,
  last_error text
);

create index outbox_due on outbox (due_at);

create table keywords (
  id integer generated always as identity primary key,
  account_id integer not null references accounts,
  channel text,
  sender text,
  sender_key text,
  -- Null: the catch-all.
  keyword text check (length(keyword) between 1 and 50),
  action text check (action in ('BLOCK', 'UNBLOCK')),
  level text check (level in ('FROM_ANY_SENDER', 'FROM_SENDER')),
  auto_response text check (length(auto_response) <= 1080),
  created_at timestamptz not null default now(),
  check ((action is null) = (level is null))
);

create unique index keywords_key
  on keywords (account_id, coalesce(channel, ''), coalesce(sender_key, ''), coalesce(keyword, ''));

-- The operator's stop switch. An absent scope field means any.
create table halts (
  id integer generated always as identity primary key,
  account_id integer not null references accounts,
  channel text,
  sender_key text,
  reason text not null,
  actor text not null,
  halted_at timestamptz not null default clock_timestamp(),
  resumed_at timestamptz,
  resumed_by text
);

create index halts_active on halts (account_id) where resumed_at is null;

create table broadcasts (
  id bigint generated always as identity primary key,
  key uuid not null default gen_random_uuid() unique,
  stream_id integer not null references streams,
  text text not null,
  subject text,
  messages_per_second integer check (messages_per_second > 0),
  valid_until timestamptz not null,
  status text not null check (status in ('LOADING', 'RUNNING', 'PAUSED', 'FINISHED', 'CANCELLED')),
  audience integer not null default 0,
  rejected integer not null default 0,
  rejects jsonb not null default '[]',
  created_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz
);

-- The audience, a page a row; counts are what the page's sends were last seen to be.
create table broadcast_pages (
  broadcast_id bigint not null references broadcasts,
  page integer not null,
  contacts bigint[] not null,
  done boolean not null default false,
  counts jsonb not null default '{}',
  primary key (broadcast_id, page)
);

create table imports (
  id bigint generated always as identity primary key,
  account_id integer not null references accounts,
  name text not null,
  actor text not null,
  counts jsonb not null default '{}',
  created_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz
);

-- How far each periodic sweep has come.
create table sweeps (
  name text primary key,
  done_until timestamptz not null
);
