-- What goes out because of replies and opt-outs: automatic answers, forwarded replies, events for subscribers.

-- A keyword as the product's interface for inbound messages sets it up. The key names it there.
alter table keywords
  add column key text not null default upper(replace(gen_random_uuid()::text, '-', '')),
  add column auto_response_sender text,
  add column auto_response_window jsonb,
  add column forwarding jsonb,
  add column username text,
  add column platform jsonb;
create unique index keywords_public_key on keywords (key);

alter table outbox drop constraint outbox_kind_check;
alter table outbox add constraint outbox_kind_check check (kind in ('SIGNAL', 'CONFIRMATION', 'AUTO_REPLY', 'FORWARD'));

-- Answers that nobody wrote: what a person says after one is about the message before it.
alter table streams add column automatic boolean not null default false;
drop index streams_key;
create unique index streams_key
  on streams (account_id, channel, sender, purpose, kind, coalesce(campaign_id, 0), automatic);

-- As before, but nobody's reply answers an automatic answer.
create or replace function blocklist_read_replies(p_contacts bigint[])
returns table (
  inbox_id bigint, contact_id bigint, account_id integer, channel text, sender text, sender_key text, text text,
  received_at timestamptz, tries smallint, send_id uuid, confidence text, campaign_id integer, flow_contact_id bigint
)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
  perform blocklist_lock_for_change(p_contacts);
  return query
    select i.id, i.contact_id, i.account_id, i.channel, i.sender, i.sender_key, i.text, i.received_at, i.tries,
      m.id, coalesce(m.confidence, 'none'), m.campaign_id, m.flow_contact_id
    from (
      -- Asked as the index of unread replies of a person has it, not as the one of a shard.
      select u.id, u.contact_id, u.account_id, u.channel, u.sender, u.sender_key, u.text, u.received_at, u.tries,
        u.in_reply_to, u.campaign, u.state
      from inbox u
      where u.contact_id = any (p_contacts)
        and u.state in ('unread', 'review')
      offset 0
    ) i
    left join lateral (
      select s.id, st.campaign_id, s.flow_contact_id,
        case when s.id = i.in_reply_to then 'exact' when c.reference = i.campaign then 'campaign' else 'latest' end
          as confidence
      from (
        select s.id, s.flow_contact_id, s.settled_at, s.claimed_at, s.stream_id
        from sends s
        where s.contact_id = i.contact_id
          and s.state in ('sent', 'unknown', 'dispatching')
        offset 0
      ) s
      cross join lateral (
        select st.kind, st.automatic, st.campaign_id, st.sender_key, st.channel
        from streams st
        where st.id = s.stream_id
        offset 0
      ) st
      left join campaigns c on c.id = st.campaign_id
      where st.kind = 'message'
        and not st.automatic
        and (s.id = i.in_reply_to or st.sender_key = i.sender_key and st.channel = i.channel)
      order by s.id = i.in_reply_to desc nulls last, c.reference = i.campaign desc nulls last,
        coalesce(s.settled_at, s.claimed_at) desc
      limit 1
    ) m on true
    where i.state = 'unread'
    order by i.contact_id, i.received_at, i.id;
end $$;

-- Who is told of changes of the list, and how he is reached.
create table subscriptions (
  id integer generated always as identity primary key,
  account_id integer not null references accounts,
  -- The caller's own name for it.
  key text not null check (length(key) between 1 and 255),
  name text,
  kinds text[] not null check (kinds <@ array['BLOCK', 'UNBLOCK']),
  sources text[] not null check (sources <@ array['MO', 'URL_OPT_OUT', 'CAMPAIGN', 'CUSTOM']),
  profile_key text not null,
  url text not null,
  most_events integer not null check (most_events between 1 and 2000),
  -- What every post is signed with, and what it may have to log in with.
  secret text not null,
  auth_key text,
  username text,
  password text,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  deleted_at timestamptz,
  -- Deleted, and nothing is left of it.
  ended_at timestamptz,
  -- Who posts now: nobody else does before `leased_until`.
  lease uuid,
  leased_until timestamptz not null default '-infinity',
  -- When somebody has to look after it at the latest: its workflow puts this off each time it does.
  wake_due timestamptz not null default clock_timestamp()
);

create unique index subscriptions_key on subscriptions (account_id, key) where deleted_at is null;
create index subscriptions_wake on subscriptions (wake_due) where ended_at is null;

-- What subscribers have not accepted yet. The ids of one person's events are drawn under that person's lock, so their order
-- is that of the changes; ids of different persons may become visible in any order, so nothing may be skipped by id.
create table subscription_events (
  id bigint generated always as identity,
  -- No foreign key: an opt-out must not fail because its subscription is being deleted.
  subscription_id integer not null,
  event_id bigint not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (subscription_id, id)
);

-- A line of the ledger that changed the list is for those who asked for what its author does: an operator who takes a
-- person's own entry off the list acts as CUSTOM. Whatever writes a line, in its transaction.
create function blocklist_tell_subscribers() returns trigger
language plpgsql
set plan_cache_mode = force_generic_plan
as $$
begin
  if not exists (select from subscriptions where deleted_at is null) then
    return null;
  end if;
  insert into subscription_events (subscription_id, event_id)
  select s.id, w.id
  from written w
  join accounts a on a.id = w.account_id
  join subscriptions s on s.account_id = any (a.ancestors)
  where s.deleted_at is null
    and w.effect in ('added', 'strengthened', 'removed')
    and w.kind = any (s.kinds)
    and coalesce(w.evidence ->> 'by', w.source) = any (s.sources)
  order by w.id;
  if found then
    notify blocklist_outbox;
  end if;
  return null;
end $$;

create trigger blocklist_events_tell_subscribers
  after insert on blocklist_events
  referencing new table as written
  for each statement execute function blocklist_tell_subscribers();
