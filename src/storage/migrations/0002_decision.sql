-- The decision: which entry, hold or nothing stands between a contact and a message of one stream.
-- These functions only read. They are called after the contacts' rows have been locked, in a later statement, so
-- that their snapshot sees every opt-out committed before the lock was granted (hence volatile: a stable function
-- would look at the caller's older snapshot).
-- Plans are generic and made of index probes only: the same whether the list holds ten entries or ten million.

-- True while a halt covers the stream.
create function blocklist_halted(p_stream integer)
returns boolean
language sql stable as $$
  select exists (
    select from halts h
    join streams s on s.id = p_stream
    join accounts a on a.id = s.account_id
    where h.account_id = any (a.ancestors)
      and h.resumed_at is null
      and (h.channel is null or h.channel = s.channel)
      and (h.sender_key is null or h.sender_key = s.sender_key)
  )
$$;

-- The entry that stops each contact, where there is one. Of several the one to name is the one that is hardest to
-- lift: a complaint, then an operator's, then the person's own reply, then the oldest.
create function blocklist_blocking_entries(
  p_ancestors integer[], p_channel text, p_sender_key text, p_purpose text, p_contacts bigint[])
returns table (contact_id bigint, entry_id bigint)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
  return query
    select distinct on (hit.contact_id) hit.contact_id, hit.id
    from (
      select c as contact_id, e.id, e.complaint, e.source
      from unnest(p_contacts) c
      join blocklist_entries e on e.contact_id = c
      where e.account_id = any (p_ancestors)
        and (e.channel is null or e.channel = p_channel)
        and (e.sender_key is null or e.sender_key = p_sender_key)
        and (e.covers = 'ALL' or p_purpose = 'MARKETING')
      union all
      select c.id, e.id, e.complaint, e.source
      from contact_points c
      join blocklist_entries e on e.contact_id = c.domain_id
      where p_channel = 'EMAIL'
        and c.id = any (p_contacts)
        and e.account_id = any (p_ancestors)
        and (e.channel is null or e.channel = p_channel)
        and (e.sender_key is null or e.sender_key = p_sender_key)
        and (e.covers = 'ALL' or p_purpose = 'MARKETING')
    ) hit
    order by hit.contact_id, hit.complaint desc, hit.source = 'CUSTOM' desc, hit.source = 'MO' desc, hit.id;
end $$;

-- The decision in its order: entry, halt, unread reply, quiet hours, cap, permitted.
-- A service message ignores unread replies, quiet hours and caps, never an entry that covers all.
-- A confirmation of an opt-out passes the entry it confirms; only a halt stops it.
create function blocklist_decide(
  p_stream integer,
  p_ids uuid[],
  p_contacts bigint[],
  p_quiet_until timestamptz,
  p_cap integer,
  p_cap_period interval,
  p_cap_blocks boolean
)
returns table (id uuid, contact_id bigint, state text, entry_id bigint, hold_reason text, held_until timestamptz)
language plpgsql rows 1000
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_ancestors integer[];
  v_channel text;
  v_sender_key text;
  v_purpose text;
  v_kind text;
  v_considerate boolean;
  v_blocked bigint[];
  v_entries bigint[];
  v_unread bigint[];
  v_capped uuid[];
  v_free_at timestamptz[];
  v_reason text;
  v_until timestamptz := 'infinity';
begin
  select a.ancestors, s.channel, s.sender_key, s.purpose, s.kind
  into v_ancestors, v_channel, v_sender_key, v_purpose, v_kind
  from streams s join accounts a on a.id = s.account_id
  where s.id = p_stream;
  v_considerate := v_purpose = 'MARKETING' and v_kind = 'message';

  if v_kind = 'message' then
    select array_agg(b.contact_id), array_agg(b.entry_id) into v_blocked, v_entries
    from blocklist_blocking_entries(v_ancestors, v_channel, v_sender_key, v_purpose, p_contacts) b;
  end if;
  if v_considerate then
    select array_agg(distinct i.contact_id) into v_unread
    from inbox i
    where i.contact_id = any (p_contacts) and i.state in ('unread', 'review');
  end if;

  -- What holds the whole stream, if anything does.
  if blocklist_halted(p_stream) then
    v_reason := 'HALT';
  elsif v_considerate and p_quiet_until > clock_timestamp() then
    v_reason := 'QUIET_HOURS';
    v_until := p_quiet_until;
  end if;

  -- Marketing messages of the account tree count against the cap. What ended otherwise than as a send no longer
  -- counts, so a reservation is given back by itself. Messages of this very batch count in their order.
  if p_cap is not null and v_considerate then
    select array_agg(over.id), array_agg(over.free_at) into v_capped, v_free_at
    from (
      select a.id, coalesce(used.oldest, clock_timestamp()) + p_cap_period as free_at, used.n, a.nth
      from (
        select t.id, t.contact_id, row_number() over (partition by t.contact_id order by t.id) as nth
        from unnest(p_ids, p_contacts) as t(id, contact_id)
        where t.contact_id <> all (coalesce(v_blocked, '{}'))
      ) a
      cross join lateral (
        select count(*) as n, min(greatest(s.claimed_at, s.settled_at)) as oldest
        from sends s
        where s.contact_id = a.contact_id
          and s.id <> all (p_ids)
          and greatest(s.claimed_at, s.settled_at) > clock_timestamp() - p_cap_period
          and s.state in ('claimed', 'dispatching', 'sent', 'unknown')
          and (select st.purpose = 'MARKETING' and st.kind = 'message' from streams st where st.id = s.stream_id)
      ) used
    ) over
    where over.n + over.nth > p_cap;
  end if;

  if v_blocked is null and v_unread is null and v_reason is null and v_capped is null then
    return query
      select t.id, t.contact_id, 'claimed'::text, null::bigint, null::text, null::timestamptz
      from unnest(p_ids, p_contacts) as t(id, contact_id);
    return;
  end if;

  return query
    select t.id, t.contact_id,
      case
        when b.entry_id is not null then 'blocked'
        when h.reason is null then 'claimed'
        when h.reason = 'FREQUENCY_CAP' and p_cap_blocks then 'blocked'
        else 'held'
      end,
      b.entry_id,
      case when b.entry_id is null and not (h.reason = 'FREQUENCY_CAP' and p_cap_blocks) then h.reason end,
      case when b.entry_id is null and h.reason is not null and not (h.reason = 'FREQUENCY_CAP' and p_cap_blocks) then
        case h.reason when 'FREQUENCY_CAP' then k.free_at when 'UNREAD_REPLY' then 'infinity' else v_until end
      end
    from unnest(p_ids, p_contacts) as t(id, contact_id)
    left join lateral (
      select v_entries[array_position(v_blocked, t.contact_id)] as entry_id
      where t.contact_id = any (v_blocked)
    ) b on true
    left join lateral (
      select v_free_at[array_position(v_capped, t.id)] as free_at
      where t.id = any (v_capped)
    ) k on true
    cross join lateral (
      select case
        when v_reason = 'HALT' then 'HALT'
        when t.contact_id = any (v_unread) then 'UNREAD_REPLY'
        when v_reason is not null then v_reason
        when k.free_at is not null then 'FREQUENCY_CAP'
      end as reason
    ) h;
end $$;
