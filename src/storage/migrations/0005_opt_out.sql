-- Opt-out and opt-in: ledger, entries, permits and outbox in one transaction.

-- Lock people whose permits are about to change. `for update` is needed: weaker locks do not wait for key share.
create function blocklist_lock_for_change(p_contacts bigint[])
returns void
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_domains integer[];
begin
  -- With an older snapshot the decision would miss the very opt-out whose lock was waited for.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'permits are decided in read committed only' using errcode = 'invalid_transaction_state';
  end if;
  select array_agg(distinct (locked.id % 64)::integer) filter (where locked.kind = 'domain') into v_domains
  from (
    select id, kind from contact_points where id = any (p_contacts) order by id for update
  ) locked;
  -- `distinct` has sorted them.
  perform pg_advisory_xact_lock(1, bucket) from unnest(v_domains) bucket;
end $$;

-- True when an entry of this scope stops messages of the stream (its covers and purpose apart).
create function blocklist_in_scope(p_account integer, p_channel text, p_sender_key text, p_stream integer)
returns boolean
language sql stable as $$
  select exists (
    select from streams s
    join accounts a on a.id = s.account_id
    where s.id = p_stream
      and p_account = any (a.ancestors)
      and (p_channel is null or p_channel = s.channel)
      and (p_sender_key is null or p_sender_key = s.sender_key)
  )
$$;

-- Write opt-outs. `p_items` is an array of objects, at most one for each entry key:
-- {n, account, contact, channel, sender, senderKey, source, covers, complaint, campaign, receivedAt, send, inbox,
--  confidence, actor, evidence, exceptFlow}. Returns one row an item.
create function blocklist_opt_out(p_items jsonb)
returns table (n integer, event_id bigint, entry_id bigint, effect text)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_contacts bigint[];
  v_written jsonb;
begin
  select array_agg(distinct (i ->> 'contact')::bigint) into v_contacts from jsonb_array_elements(p_items) i;
  perform blocklist_lock_for_change(v_contacts);

  with asked as (
    select i.*, nextval(pg_get_serial_sequence('blocklist_events', 'id')) as event_id
    from jsonb_to_recordset(p_items) as i(
      n integer, account integer, contact bigint, channel text, sender text, "senderKey" text, source text,
      covers text, complaint boolean, campaign integer, "receivedAt" timestamptz, send uuid, inbox bigint,
      confidence text, actor text, evidence jsonb, "exceptFlow" text)
  ),
  judged as (
    select a.*, e.id as entry_id, clock_timestamp() as at,
      case
        when e.id is null then 'added'
        when e.covers = 'MARKETING' and a.covers = 'ALL' or a.complaint and not e.complaint then 'strengthened'
        else 'already'
      end as effect
    from asked a
    left join blocklist_entries e
      on e.contact_id = a.contact
      and e.account_id = a.account
      and e.source = a.source
      and coalesce(e.channel, '') = coalesce(a.channel, '')
      and coalesce(e.sender_key, '') = coalesce(a."senderKey", '')
    order by a.n
  ),
  logged as (
    insert into blocklist_events (
      id, at, kind, effect, account_id, contact_id, channel, sender, sender_key, source, covers, complaint,
      campaign_id, received_at, send_id, confidence, inbox_id, entry_id, actor, evidence)
    overriding system value
    select event_id, at, 'BLOCK', effect, account, contact, channel, sender, "senderKey", source, covers, complaint,
      campaign, "receivedAt", send, confidence, inbox, coalesce(entry_id, event_id), actor, coalesce(evidence, '{}')
    from judged
  ),
  added as (
    insert into blocklist_entries (
      id, account_id, contact_id, channel, sender, sender_key, source, covers, complaint, campaign_id,
      added_at, last_received_at)
    select event_id, account, contact, channel, sender, "senderKey", source, covers, complaint, campaign,
      at, "receivedAt"
    from judged
    where effect = 'added'
  ),
  renewed as (
    update blocklist_entries e
    set last_received_at = greatest(e.last_received_at, j."receivedAt"),
      covers = case when j.covers = 'ALL' then 'ALL' else e.covers end,
      complaint = e.complaint or j.complaint
    from judged j
    where e.id = j.entry_id
  )
  select jsonb_agg(jsonb_build_object(
      'n', j.n, 'event', j.event_id, 'entry', coalesce(j.entry_id, j.event_id), 'effect', j.effect,
      'account', j.account, 'contact', j.contact, 'channel', j.channel, 'senderKey', j."senderKey",
      'covers', j.covers, 'source', j.source, 'campaign', j.campaign, 'at', j.at, 'exceptFlow', j."exceptFlow"))
  into v_written
  from judged j;

  perform blocklist_revoke(v_written);
  perform blocklist_tell_flows(v_written);

  return query
    select w.n, w.event, w.entry, w.effect
    from jsonb_to_recordset(v_written) as w(n integer, event bigint, entry bigint, effect text);
end $$;

-- Take back the permits in scope of what was just written. A row in dispatch keeps its attempt, but no further one
-- may follow; touching it makes the settling of a refused call wait and see. A domain's own people are taken
-- in pages by blocklist_revoke_domain: there may be millions.
create function blocklist_revoke(p_written jsonb)
returns void
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_ids uuid[];
  v_entries bigint[];
begin
  -- `offset 0` keeps each step a probe of its own: joined freely, a plan made on an empty database walks every stream
  -- and message of the full one.
  select array_agg(c.id), array_agg(c.entry) into v_ids, v_entries
  from (
    select s.id, w.entry
    from jsonb_to_recordset(p_written) as w(
      entry bigint, account integer, contact bigint, channel text, "senderKey" text, covers text)
    cross join lateral (
      select s.id, s.stream_id
      from sends s
      where s.contact_id = w.contact
        and s.state in ('claimed', 'held', 'dispatching')
      offset 0
    ) s
    where blocklist_in_scope(w.account, w.channel, w."senderKey", s.stream_id)
      and (
        select st.kind = 'message' and (w.covers = 'ALL' or st.purpose = 'MARKETING')
        from streams st
        where st.id = s.stream_id)
  ) c;

  update sends s
  set state = case when s.state = 'dispatching' then s.state when s.in_doubt then 'unknown' else 'revoked' end,
    on_return = case when s.state = 'dispatching' then 'revoke' end,
    blocked_by = hit.entry,
    hold_reason = null,
    held_until = null,
    settled_at = case when s.state <> 'dispatching' then clock_timestamp() end
  from (
    select s.id, v_entries[array_position(v_ids, s.id)] as entry
    from sends s
    where s.id = any (v_ids)
      and s.state in ('claimed', 'held', 'dispatching')
    order by s.id
    for update
  ) hit
  where s.id = hit.id
    and s.state in ('claimed', 'held', 'dispatching');
end $$;

-- Signals to hand-written flows of the people who opted out, unless every stream the flow has used with the person
-- is out of the entry's scope.
create function blocklist_tell_flows(p_written jsonb)
returns void
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
  insert into outbox (kind, payload)
  select 'SIGNAL', jsonb_build_object('workflowId', f.workflow_id, 'flowContact', f.id, 'signal', 'blocklistOptOut',
    'arg', jsonb_strip_nulls(jsonb_build_object(
      'contactId', w.contact::text, 'eventId', w.event::text, 'source', w.source, 'campaign', c.reference,
      'at', to_char(w.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))))
  from jsonb_to_recordset(p_written) as w(
    event bigint, account integer, contact bigint, channel text, "senderKey" text, source text, campaign integer,
    at timestamptz, "exceptFlow" text)
  cross join lateral (
    select f.id, f.workflow_id, f.account_id
    from flow_contacts f
    where f.contact_id = w.contact
      and f.closed_at is null
    offset 0
  ) f
  left join campaigns c on c.id = w.campaign
  where f.workflow_id is distinct from w."exceptFlow"
    and (select w.account = any (a.ancestors) from accounts a where a.id = f.account_id)
    and (
      not exists (select from sends s where s.flow_contact_id = f.id)
      or exists (
        select from sends s
        where s.contact_id = w.contact
          and s.flow_contact_id = f.id
          and blocklist_in_scope(w.account, w.channel, w."senderKey", s.stream_id)));
  if found then
    notify blocklist_outbox;
  end if;
end $$;

-- Revoke a page of a domain's people, after the domain's entry was committed: new claims see it already.
-- Returns the last contact of the page, null at the end.
create function blocklist_revoke_domain(p_event bigint, p_after bigint, p_limit integer)
returns bigint
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_contacts bigint[];
  v_written jsonb;
begin
  select array_agg(page.id) into v_contacts
  from (
    select c.id
    from blocklist_events e
    join contact_points c on c.domain_id = e.contact_id
    where e.id = p_event and c.id > p_after
    order by c.id
    limit p_limit
  ) page;
  if v_contacts is null then
    return null;
  end if;
  perform blocklist_lock_for_change(v_contacts);
  select jsonb_agg(jsonb_build_object(
      'event', e.id, 'entry', e.entry_id, 'account', e.account_id, 'contact', c, 'channel', e.channel,
      'senderKey', e.sender_key, 'covers', e.covers, 'source', e.source, 'campaign', e.campaign_id, 'at', e.at))
  into v_written
  from blocklist_events e
  cross join unnest(v_contacts) c
  where e.id = p_event;
  perform blocklist_revoke(v_written);
  perform blocklist_tell_flows(v_written);
  return v_contacts[cardinality(v_contacts)];
end $$;

-- Lift entries. `p_items`: {n, account, contact, channel, senderKey, exact, sources, complaint, entry, receivedAt,
-- inbox, send, campaign, source, sender, actor, evidence}; which sources may be lifted by whom is the caller's
-- table (domain/lifts). Only what was received later than the last opt-out counts: a tie blocks.
-- Returns a row for each entry lifted, and one with effect `nothing` for an item that lifted none.
create function blocklist_opt_in(p_items jsonb)
returns table (n integer, event_id bigint, entry_id bigint, effect text)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
  perform blocklist_lock_for_change((
    select array_agg(distinct (i ->> 'contact')::bigint) from jsonb_array_elements(p_items) i));

  return query
    with asked as (
      select * from jsonb_to_recordset(p_items) as i(
        n integer, account integer, contact bigint, channel text, sender text, "senderKey" text, exact boolean,
        sources text[], complaint boolean, entry bigint, source text, campaign integer, "receivedAt" timestamptz,
        send uuid, inbox bigint, confidence text, actor text, evidence jsonb)
    ),
    lifted as (
      delete from blocklist_entries e
      using asked a, accounts acc
      where e.contact_id = a.contact
        and acc.id = e.account_id
        and case when a.exact then e.account_id = a.account else a.account = any (acc.ancestors) end
        and (a.entry is null or e.id = a.entry)
        and e.source = any (a.sources)
        and (a.complaint or not e.complaint)
        and case
          when a.exact then
            coalesce(e.channel, '') = coalesce(a.channel, '') and coalesce(e.sender_key, '') = coalesce(a."senderKey", '')
          else
            (a.channel is null or e.channel = a.channel) and (a."senderKey" is null or e.sender_key = a."senderKey")
        end
        and (a.exact or e.last_received_at < a."receivedAt")
      returning a.n, e.id as lifted_entry, e.account_id as lifted_account, e.channel as lifted_channel,
        e.sender as lifted_sender, e.sender_key as lifted_sender_key, e.source as lifted_source,
        e.covers as lifted_covers, e.complaint as lifted_complaint
    ),
    logged as (
      insert into blocklist_events as ev (
        kind, effect, account_id, contact_id, channel, sender, sender_key, source, covers, complaint, campaign_id,
        received_at, send_id, confidence, inbox_id, entry_id, actor, evidence)
      select 'UNBLOCK', case when l.n is null then 'nothing' else 'removed' end,
        coalesce(l.lifted_account, a.account), a.contact,
        case when l.n is null then a.channel else l.lifted_channel end,
        case when l.n is null then a.sender else l.lifted_sender end,
        case when l.n is null then a."senderKey" else l.lifted_sender_key end,
        coalesce(l.lifted_source, a.source), coalesce(l.lifted_covers, 'ALL'), coalesce(l.lifted_complaint, false),
        a.campaign, a."receivedAt", a.send, a.confidence, a.inbox, l.lifted_entry, a.actor,
        coalesce(a.evidence, '{}') || jsonb_build_object('by', a.source, 'item', a.n)
      from asked a
      left join lifted l on l.n = a.n
      order by a.n
      returning (ev.evidence ->> 'item')::integer as item, ev.id, ev.entry_id, ev.effect
    )
    select l.item, l.id, l.entry_id, l.effect from logged l;
end $$;
