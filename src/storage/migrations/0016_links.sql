-- Presses of opt-out links that look like a machine's, kept so that an operator can take them back as one; settings of
-- accounts; and taking back what a whole import or burst has added.

-- What an account has set for itself and those below it that have set nothing.
create table account_settings (
  account_id integer not null references accounts,
  name text not null,
  value jsonb not null,
  changed_at timestamptz not null default clock_timestamp(),
  changed_by text not null,
  primary key (account_id, name)
);

-- Presses for many people in a row from one origin. An origin is a keyed hash, never an address; for presses that follow
-- their message at once, it stands for the stream.
create table link_bursts (
  id bigint generated always as identity primary key,
  account_id integer not null references accounts,
  kind text not null check (kind in ('ADDRESS', 'INSTANT', 'USER_AGENT')),
  origin bytea not null check (octet_length(origin) = 16),
  began_at timestamptz not null,
  last_at timestamptz not null,
  reversed_at timestamptz,
  reversed_by text,
  lifted integer not null default 0,
  check ((reversed_at is null) = (reversed_by is null))
);

create index link_bursts_of_account on link_bursts (account_id, id);
create index link_bursts_of_origin on link_bursts (origin, last_at);

-- Presses that added an entry. Those of no burst are forgotten after an hour.
create table link_presses (
  event_id bigint primary key references blocklist_events,
  account_id integer not null references accounts,
  contact_id bigint not null references contact_points,
  pressed_at timestamptz not null,
  burst_id bigint references link_bursts
);

create index link_presses_of_burst on link_presses (burst_id, event_id) where burst_id is not null;
create index link_presses_to_forget on link_presses (pressed_at) where burst_id is null;
create index link_presses_of_contact on link_presses (contact_id);

create table link_press_origins (
  kind text not null,
  origin bytea not null,
  pressed_at timestamptz not null,
  event_id bigint not null references link_presses on delete cascade,
  primary key (origin, kind, pressed_at, event_id)
);

create index link_press_origins_of_press on link_press_origins (event_id);

-- Note a press that added an entry, and tell its burst if it belongs to one. `p_limits`: people from one address, at once
-- after their messages, and with one user agent, within `p_within`, that make a burst.
create function blocklist_note_press(
  p_event bigint, p_at timestamptz, p_address bytea, p_agent bytea, p_within interval, p_limits integer[])
returns bigint
language plpgsql
as $$
declare
  v_press blocklist_events;
  v_instant bytea;
  v_origin record;
  v_burst bigint;
begin
  select * into strict v_press from blocklist_events e where e.id = p_event;
  select decode(md5('stream ' || s.stream_id), 'hex') into v_instant
  from sends s
  where s.id = v_press.send_id
    and p_at <= coalesce(s.delivery_at, s.settled_at) + interval '1 second';

  insert into link_presses (event_id, account_id, contact_id, pressed_at)
  values (p_event, v_press.account_id, v_press.contact_id, p_at);
  insert into link_press_origins (kind, origin, pressed_at, event_id)
  select o.kind, o.origin, p_at, p_event
  from (values ('ADDRESS', p_address), ('INSTANT', v_instant), ('USER_AGENT', p_agent)) as o(kind, origin)
  where o.origin is not null;

  for v_origin in
    select o.place, o.kind, o.origin
    from (values (1, 'ADDRESS', p_address), (2, 'INSTANT', v_instant), (3, 'USER_AGENT', p_agent)) as o(place, kind, origin)
    where o.origin is not null
    order by o.place
  loop
    -- The last of several presses at once must see the others. One class of locks for each kind, taken in one order.
    perform pg_advisory_xact_lock(1600 + v_origin.place, hashtext(encode(v_origin.origin, 'hex')));

    select b.id into v_burst
    from link_bursts b
    where b.origin = v_origin.origin
      and b.kind = v_origin.kind
      and b.account_id = v_press.account_id
      and b.last_at >= p_at - p_within
      and b.reversed_at is null
    order by b.id desc
    limit 1;

    if v_burst is null and (
      select count(distinct p.contact_id) >= p_limits[v_origin.place]
      from link_press_origins o
      join link_presses p on p.event_id = o.event_id
      where o.origin = v_origin.origin
        and o.kind = v_origin.kind
        and o.pressed_at >= p_at - p_within
        and p.account_id = v_press.account_id
        and p.burst_id is null)
    then
      insert into link_bursts (account_id, kind, origin, began_at, last_at)
      values (v_press.account_id, v_origin.kind, v_origin.origin, p_at, p_at)
      returning id into v_burst;
    end if;
    exit when v_burst is not null;
  end loop;

  if v_burst is not null then
    update link_presses p
    set burst_id = v_burst
    from link_press_origins o
    where o.origin = v_origin.origin
      and o.kind = v_origin.kind
      and o.pressed_at >= p_at - p_within
      and p.event_id = o.event_id
      and p.account_id = v_press.account_id
      and p.burst_id is null;
    update link_bursts b
    set last_at = greatest(b.last_at, p_at),
      began_at = least(b.began_at, (select min(p.pressed_at) from link_presses p where p.burst_id = b.id))
    where b.id = v_burst;
  end if;

  delete from link_presses p
  where p.event_id in (
    select old.event_id
    from link_presses old
    where old.burst_id is null
      and old.pressed_at < p_at - interval '1 hour'
    order by old.pressed_at
    limit 20
    for update skip locked);
  return v_burst;
end $$;

-- Lift the entries that these ledger events added, where nothing came since: no later line about the entry, or
-- (`p_strict`) about the person at all, nor a reply that nobody has read. At most some hundreds at a time. Returns how many.
create function blocklist_lift_added(p_events bigint[], p_strict boolean, p_actor text, p_evidence jsonb)
returns integer
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_items jsonb;
  v_lifted integer;
begin
  perform blocklist_lock_for_change((
    select array_agg(distinct e.contact_id) from blocklist_events e where e.id = any (p_events)));

  select jsonb_agg(jsonb_build_object(
      'n', e.n, 'account', e.account_id, 'contact', e.contact_id, 'channel', e.channel, 'sender', e.sender,
      'senderKey', e.sender_key, 'exact', true, 'entry', e.id, 'sources', jsonb_build_array(e.source),
      'complaint', true, 'source', e.source, 'receivedAt', clock_timestamp(), 'actor', p_actor,
      'evidence', p_evidence))
  into v_items
  from (
    select row_number() over (order by a.id) as n, a.*
    from blocklist_events a
    where a.id = any (p_events)
      and a.effect = 'added'
      and exists (select from blocklist_entries live where live.id = a.id)
      and not exists (
        select from blocklist_events later
        where later.contact_id = a.contact_id
          and later.id > a.id
          and (p_strict or later.entry_id = a.id)
          and later.id <> all (p_events))
      and not (p_strict and exists (
        select from inbox i where i.contact_id = a.contact_id and i.state in ('unread', 'review')))
  ) e;
  if v_items is null then
    return 0;
  end if;
  select count(*) filter (where lifted.effect = 'removed') into v_lifted from blocklist_opt_in(v_items) lifted;
  return v_lifted;
end $$;

alter table imports add column undone_at timestamptz;
alter table imports add column undone_by text;
create index imports_of_account on imports (account_id, id);
