-- What reports and operators need beside the protocol.

-- The sender as it was given, for people to read; `sender_key` decides.
alter table halts add column sender text;
-- When every row the halt held has been given back to its claimant; see blocklist_release_halted.
alter table halts add column released_at timestamptz;

-- Halting twice is one halt. Few rows: only what is halted at the moment.
create unique index halts_active_scope
  on halts (account_id, coalesce(channel, ''), coalesce(sender_key, '')) where resumed_at is null;
-- The sweep asks every few seconds whether any is left; nearly always empty.
create index halts_unreleased on halts (id) where resumed_at is not null and released_at is null;

-- Replies of a campaign without reading the whole inbox. Written once, when a reply is read.
create index inbox_of_campaign on inbox (((reading ->> 'campaignId')::integer)) where reading ? 'campaignId';

-- Rows that only halts held, and that no halt covers any more. Each held stream is looked at once, not each row.
create function blocklist_no_longer_halted()
returns table (id uuid)
language sql volatile as $$
  with held as materialized (
    select s.id, s.stream_id
    from sends s
    where s.held_until = 'infinity'
      and s.hold_reason = 'HALT'
  ),
  free as (
    select d.stream_id
    from (select distinct held.stream_id from held) d
    where not blocklist_halted(d.stream_id)
  )
  select held.id
  from held
  join free on free.stream_id = held.stream_id
  order by held.id
$$;

-- Make rows due that no halt covers any more: their claimants decide them again, with quiet hours and caps as they then
-- are. Hand-written flows are told through the outbox. A halt that comes meanwhile is seen by that decision.
create function blocklist_release_halted(p_ids uuid[])
returns integer
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_released uuid[];
begin
  with due as (
    select s.id
    from sends s
    where s.id = any (p_ids)
      and s.held_until = 'infinity'
      and s.hold_reason = 'HALT'
    order by s.id
    for update
  ),
  released as (
    update sends s
    set held_until = clock_timestamp()
    from due
    where s.id = due.id
      and s.held_until = 'infinity'
      and s.hold_reason = 'HALT'
    returning s.id
  )
  select array_agg(released.id) into v_released from released;

  insert into outbox (kind, payload)
  select 'SIGNAL', jsonb_build_object('workflowId', f.workflow_id, 'flowContact', f.id,
    'signal', 'blocklistReleased', 'arg', jsonb_build_object('permitId', s.id))
  from sends s
  join flow_contacts f on f.id = s.flow_contact_id
  where s.id = any (v_released)
    and f.closed_at is null;
  if found then
    notify blocklist_outbox;
  end if;
  return coalesce(cardinality(v_released), 0);
end $$;
