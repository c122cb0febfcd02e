-- Dispatch: the fence just before a provider call, and the settling after it.

-- Move what is still claimed to `dispatching`, for at most the rows of one provider call. The call may start only
-- within the window, counted by the caller's monotonic clock from before this was sent.
-- Rows that a halt now covers are held instead.
create function blocklist_fence(p_root integer, p_ids uuid[], p_window interval)
returns table (id uuid, attempt integer, contact_id bigint, destination text)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_halted integer[];
begin
  perform pg_advisory_xact_lock_shared(2, p_root % 64);
  if exists (select from halts where resumed_at is null) then
    select array_agg(st.id) into v_halted
    from streams st
    where st.id in (select s.stream_id from sends s where s.id = any (p_ids))
      and blocklist_halted(st.id);
    if v_halted is not null then
      update sends s
      set state = 'held', hold_reason = 'HALT', held_until = 'infinity'
      where s.id in (
          select l.id from sends l
          where l.id = any (p_ids) and l.state = 'claimed' and l.stream_id = any (v_halted)
          order by l.id
          for update)
        and s.state = 'claimed';
    end if;
  end if;

  -- A nested loop over sorted ids (the plan is pinned above): rows are locked in their order, each found once.
  return query
    with fenced as (
      update sends s
      set state = 'dispatching',
        attempt = s.attempt + 1,
        dispatch_until = clock_timestamp() + p_window,
        on_return = null
      from (select distinct asked as id from unnest(p_ids) asked order by asked) o
      where s.id = o.id
        and s.state = 'claimed'
        and s.valid_until > clock_timestamp()
      returning s.id, s.attempt, s.contact_id
    )
    select f.id, f.attempt, f.contact_id, c.value
    from fenced f
    join contact_points c on c.id = f.contact_id;
end $$;

-- Write what the provider answered for these attempts. An attempt that is no longer the row's own writes nothing.
-- `claimed` as the new state means: definitely not taken, may be tried again, unless an opt-out or a reply came.
create function blocklist_settle(p_ids uuid[], p_attempts integer[], p_states text[], p_details text[])
returns table (id uuid, state text, blocked_by bigint, hold_reason text, settled_at timestamptz)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
  return query
    update sends s
    set state = case
          when a.state <> 'claimed' then a.state
          when s.on_return = 'revoke' then case when s.in_doubt then 'unknown' else 'revoked' end
          when s.on_return = 'hold' then 'held'
          else 'claimed'
        end,
      hold_reason = case when a.state = 'claimed' and s.on_return = 'hold' then 'UNREAD_REPLY' end,
      held_until = case when a.state = 'claimed' and s.on_return = 'hold' then 'infinity'::timestamptz end,
      settled_at = case when a.state <> 'claimed' or s.on_return = 'revoke' then clock_timestamp() end,
      detail = a.detail,
      dispatch_until = null,
      on_return = null
    from (
      select * from unnest(p_ids, p_attempts, p_states, p_details) as t(id, attempt, state, detail) order by t.id
    ) a
    where s.id = a.id
      and s.state = 'dispatching'
      and s.attempt = a.attempt
    returning s.id, s.state, s.blocked_by, s.hold_reason, s.settled_at;
end $$;

-- The barrier: until when a provider call under a permit of these contacts may still start. Null: none can. What was
-- fenced after the first look was fenced after the change that waits, so it is asked for up to that look's answer.
create function blocklist_in_flight(p_contacts bigint[], p_until timestamptz)
returns timestamptz
language sql volatile as $$
  select max(s.dispatch_until)
  from sends s
  where s.contact_id = any (p_contacts)
    and s.state = 'dispatching'
    and s.dispatch_until > clock_timestamp()
    and (p_until is null or s.dispatch_until <= p_until)
$$;

-- Permits never dispatched expire at their validity. `p_from` and `p_to` bound the validities looked at, so that
-- the block range index finds them; every transaction is far shorter than the margin the caller keeps. At most
-- `p_limit` at a time: an opt-out must not wait for the end of a whole campaign.
create function blocklist_expire(p_from timestamptz, p_to timestamptz, p_limit integer default null)
returns integer
language sql as $$
  with due as materialized (
    select s.id
    from sends s
    where s.valid_until > p_from
      and s.valid_until <= p_to
      and (s.state in ('claimed', 'held') or s.state = 'dispatching' and s.dispatch_until <= clock_timestamp())
    order by s.id
    limit p_limit
    for update
  ),
  expired as (
    update sends s
    set state = case when s.in_doubt or s.state = 'dispatching' then 'unknown' else 'expired' end,
      hold_reason = null,
      held_until = null,
      settled_at = clock_timestamp()
    from due
    where s.id = due.id
      and (s.state in ('claimed', 'held') or s.state = 'dispatching' and s.dispatch_until <= clock_timestamp())
    returning 1
  )
  select count(*)::integer from expired
$$;

-- Take over rows whose attempt died (its window has passed and nothing was settled): decide them again, with locks,
-- entries and unread replies, before anybody fences them once more. Returns the rows as they now stand.
create function blocklist_take_over(p_root integer, p_ids uuid[], p_may_repeat boolean)
returns table (id uuid, state text, dispatch_until timestamptz)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_due record;
begin
  perform blocklist_lock_for_claim(p_root, (
    select array_agg(distinct s.contact_id) from sends s where s.id = any (p_ids)), false);
  for v_due in
    select due.stream_id, array_agg(due.id) as ids, array_agg(due.contact_id) as contacts
    from (
      select s.id, s.stream_id, s.contact_id
      from sends s
      where s.id = any (p_ids)
        and s.state = 'dispatching'
        and s.dispatch_until <= clock_timestamp()
      order by s.id
      for update
    ) due
    group by due.stream_id
  loop
    perform blocklist_apply_decision(v_due.stream_id, v_due.ids, v_due.contacts, null, null, null, false, p_may_repeat);
  end loop;
  return query select s.id, s.state, s.dispatch_until from sends s where s.id = any (p_ids);
end $$;
