-- What broadcasts need beside the protocol.

-- Null: no end for the whole, each message may wait a day for its turn. Else the end is set when sending starts.
alter table broadcasts add column valid_for_seconds integer check (valid_for_seconds > 0);

-- How the messages of a page stand, those that exist, grouped: a list of ids for each state. `due`: claiming the id again
-- can change something. A hold for an unread reply is normally decided by whoever reads the reply; one set while the
-- provider was refusing the message may have missed that.
create function blocklist_page_states(p_stream integer, p_ids uuid[])
returns table (state text, due boolean, ids uuid[])
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_halted boolean := blocklist_halted(p_stream);
begin
  return query
    select judged.state, judged.due, array_agg(judged.id)
    from (
      select s.id, s.state,
        case
          when s.state = 'claimed' then true
          when s.state = 'dispatching' then s.dispatch_until <= clock_timestamp()
          when s.state <> 'held' then false
          when s.held_until <= clock_timestamp() or s.valid_until <= clock_timestamp() then true
          when s.hold_reason = 'HALT' then not v_halted
          when s.hold_reason = 'UNREAD_REPLY' then not exists (
            select from inbox i where i.contact_id = s.contact_id and i.state in ('unread', 'review'))
          else false
        end as due
      from sends s
      where s.id = any (p_ids)
    ) judged
    group by 1, 2;
end $$;

-- End what was permitted or held and never handed over: its broadcast was cancelled. A row whose attempt died with its
-- answer unknown says so. Rows in a dispatch that may still start are left alone.
create function blocklist_end_permits(p_claimant uuid, p_ids uuid[], p_detail text)
returns integer
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_ended integer;
begin
  with mine as (
    select s.id
    from sends s
    where s.id = any (p_ids)
      and s.claimant = p_claimant
      and (s.state in ('claimed', 'held') or s.state = 'dispatching' and s.dispatch_until <= clock_timestamp())
    order by s.id
    for update
  )
  update sends s
  set state = case when s.in_doubt or s.state = 'dispatching' then 'unknown' else 'expired' end,
    hold_reason = null,
    held_until = null,
    settled_at = clock_timestamp(),
    detail = p_detail
  from mine
  where s.id = mine.id
    and (s.state in ('claimed', 'held') or s.state = 'dispatching' and s.dispatch_until <= clock_timestamp());
  get diagnostics v_ended = row_count;
  return v_ended;
end $$;
