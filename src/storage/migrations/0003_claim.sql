-- The claim: check and permit in one transaction. A caller invokes blocklist_claim as a statement of its own.

-- Lock the contacts and the shared anchors of what may cover many of them. Lock order everywhere: contacts by id,
-- then domains, then halts, then sends by id. Domains and halts are advisory locks in 64 buckets: a row lock
-- that many claims share can keep a single writer waiting for minutes, the advisory queue cannot.
create function blocklist_lock_for_claim(p_root integer, p_contacts bigint[], p_serialise boolean)
returns void
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_locked integer;
  v_domains integer[];
begin
  -- With an older snapshot the decision would miss the very opt-out whose lock was waited for.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'permits are decided in read committed only' using errcode = 'invalid_transaction_state';
  end if;
  if p_serialise then
    -- Under a frequency cap two claims for one person must not count at once.
    select count(*) filter (where root_id = p_root), array_agg(distinct (domain_id % 64)::integer)
    into v_locked, v_domains
    from (
      select root_id, domain_id from contact_points where id = any (p_contacts) order by id for no key update
    ) locked;
  else
    select count(*) filter (where root_id = p_root), array_agg(distinct (domain_id % 64)::integer)
    into v_locked, v_domains
    from (
      select root_id, domain_id from contact_points where id = any (p_contacts) order by id for key share
    ) locked;
  end if;
  if v_locked <> (select count(distinct c) from unnest(p_contacts) c) then
    raise exception 'unknown contact' using errcode = 'no_data_found';
  end if;
  -- `distinct` has sorted them.
  perform pg_advisory_xact_lock_shared(1, bucket) from unnest(v_domains) bucket where bucket is not null;
  perform pg_advisory_xact_lock_shared(2, p_root % 64);
end $$;

-- Claim permits for messages of one stream. One row comes back for each distinct id:
-- `mine` tells whether this claimant holds it; otherwise it is a duplicate and `state` is that of the first.
create function blocklist_claim(
  p_stream integer,
  p_claimant uuid,
  p_flow_contact bigint,
  p_valid_for interval,
  p_quiet_until timestamptz,
  p_cap integer,
  p_cap_period interval,
  p_cap_blocks boolean,
  p_may_repeat boolean,
  p_ids uuid[],
  p_contacts bigint[]
)
returns table (
  id uuid, contact_id bigint, mine boolean, state text, attempt integer, blocked_by bigint,
  hold_reason text, held_until timestamptz, dispatch_until timestamptz, settled_at timestamptz, detail text
)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_root integer;
  v_now timestamptz;
  v_new integer;
  v_ids uuid[] := p_ids;
  v_contacts bigint[] := p_contacts;
begin
  select a.root_id into strict v_root
  from streams s join accounts a on a.id = s.account_id
  where s.id = p_stream;
  perform blocklist_lock_for_claim(v_root, p_contacts, p_cap is not null);
  v_now := clock_timestamp();
  if p_cap is not null then
    -- Messages that exist count as what they are, not as part of this batch.
    select coalesce(array_agg(t.id), '{}'), coalesce(array_agg(t.contact_id), '{}') into v_ids, v_contacts
    from unnest(p_ids, p_contacts) as t(id, contact_id)
    where not exists (select from sends s where s.id = t.id);
  end if;

  return query
    insert into sends as s (
      id, claimant, contact_id, claimed_at, valid_until, flow_contact_id, stream_id,
      state, blocked_by, hold_reason, held_until, settled_at)
    select d.id, p_claimant, d.contact_id, v_now, v_now + p_valid_for, p_flow_contact, p_stream,
      d.state, d.entry_id, d.hold_reason, d.held_until, case when d.state = 'blocked' then v_now end
    from blocklist_decide(p_stream, v_ids, v_contacts, p_quiet_until, p_cap, p_cap_period, p_cap_blocks) d
    order by d.id
    on conflict do nothing
    returning s.id, s.contact_id, true, s.state, s.attempt, s.blocked_by,
      s.hold_reason, s.held_until, s.dispatch_until, s.settled_at, s.detail;
  get diagnostics v_new = row_count;

  if v_new < cardinality(p_ids) then
    return query select * from blocklist_reclaim(
      p_stream, p_claimant, p_quiet_until, p_cap, p_cap_period, p_cap_blocks, p_may_repeat, p_ids, p_contacts);
  end if;
end $$;

-- Keys that were there before this claim: the claimant's own are decided again where that is due, others' are
-- told as they stand; so is a key that was used for another stream or person, since it is sent as it was first
-- claimed. Called with the contacts locked. A row whose attempt died goes back to `claimed`
-- only if the provider refuses repeated ids; else what became of it is unknown and stays so.
create function blocklist_reclaim(
  p_stream integer,
  p_claimant uuid,
  p_quiet_until timestamptz,
  p_cap integer,
  p_cap_period interval,
  p_cap_blocks boolean,
  p_may_repeat boolean,
  p_ids uuid[],
  p_contacts bigint[]
)
returns table (
  id uuid, contact_id bigint, mine boolean, state text, attempt integer, blocked_by bigint,
  hold_reason text, held_until timestamptz, dispatch_until timestamptz, settled_at timestamptz, detail text
)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_earlier uuid[];
  v_own uuid[];
  v_due uuid[];
  v_contacts bigint[];
begin
  select array_agg(s.id),
    array_agg(s.id) filter (
      where s.claimant = p_claimant and s.stream_id = p_stream and s.contact_id = any (p_contacts))
  into v_earlier, v_own
  from sends s
  where s.id = any (p_ids)
    and s.xmin <> pg_current_xact_id()::xid;

  select array_agg(due.id), array_agg(due.contact_id) into v_due, v_contacts
  from (
    select s.id, s.contact_id
    from sends s
    where s.id = any (v_own)
      and (s.state in ('claimed', 'held') or s.state = 'dispatching' and s.dispatch_until <= clock_timestamp())
    order by s.id
    for update
  ) due;

  if v_due is not null then
    perform blocklist_apply_decision(p_stream, v_due, v_contacts, p_quiet_until, p_cap, p_cap_period, p_cap_blocks,
      p_may_repeat);
  end if;

  return query
    select s.id, s.contact_id, s.id = any (coalesce(v_own, '{}')), s.state, s.attempt, s.blocked_by,
      s.hold_reason, s.held_until, s.dispatch_until, s.settled_at, s.detail
    from sends s
    where s.id = any (v_earlier);
end $$;

-- Decide rows that already exist. Called with their contacts, then the rows themselves, locked.
create function blocklist_apply_decision(
  p_stream integer,
  p_ids uuid[],
  p_contacts bigint[],
  p_quiet_until timestamptz,
  p_cap integer,
  p_cap_period interval,
  p_cap_blocks boolean,
  p_may_repeat boolean
)
returns void
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
  update sends s
  set state = n.state,
    in_doubt = n.in_doubt,
    hold_reason = case when n.state = 'held' then n.hold_reason end,
    held_until = case when n.state = 'held' then n.held_until end,
    blocked_by = coalesce(n.entry_id, s.blocked_by),
    on_return = null,
    -- A cap counts a message from when it was let go.
    claimed_at = case when s.state = 'held' and n.state = 'claimed' then clock_timestamp() else s.claimed_at end,
    settled_at = case when n.state not in ('claimed', 'held') then clock_timestamp() end
  from (
    select d.id, d.entry_id, d.hold_reason, d.held_until,
      r.in_doubt or r.state = 'dispatching' as in_doubt,
      case
        when r.state = 'dispatching' and not p_may_repeat then 'unknown'
        when d.state = 'blocked' or r.on_return = 'revoke' or r.valid_until <= clock_timestamp() then
          case
            when r.in_doubt or r.state = 'dispatching' then 'unknown'
            when d.state <> 'blocked' then 'expired'
            when r.state = 'claimed' then 'revoked'
            else 'blocked'
          end
        else d.state
      end as state
    from blocklist_decide(p_stream, p_ids, p_contacts, p_quiet_until, p_cap, p_cap_period, p_cap_blocks) d
    join sends r on r.id = d.id
  ) n
  where s.id = n.id;
end $$;
