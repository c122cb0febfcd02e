-- What a second look at the protocol changed.

-- Lift entries. `p_items`: {n, account, contact, channel, senderKey, exact, sources, complaint, entry, receivedAt,
-- inbox, send, campaign, source, sender, actor, evidence}; which sources may be lifted by whom is the caller's
-- table (domain/lifts). Only what was received later than the last opt-out counts, whoever says it: a tie blocks.
-- Returns a row for each entry lifted, and one with effect `nothing` for an item that lifted none.
create or replace function blocklist_opt_in(p_items jsonb)
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
        and e.last_received_at < a."receivedAt"
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

-- Signals to hand-written flows of the people who opted out, unless every stream the flow has used with the person
-- is out of the entry's scope or of its purpose.
create or replace function blocklist_tell_flows(p_written jsonb)
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
    covers text, at timestamptz, "exceptFlow" text)
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
          and blocklist_in_scope(w.account, w.channel, w."senderKey", s.stream_id)
          and (w.covers = 'ALL' or (select st.purpose = 'MARKETING' from streams st where st.id = s.stream_id))));
  if found then
    notify blocklist_outbox;
  end if;
end $$;

-- Opt-outs of a domain whose people's permits are still being taken back. Written with the opt-out, deleted at its end;
-- what a process left behind the sweep finishes.
create table domain_revocations (
  event_id bigint primary key references blocklist_events,
  begun_at timestamptz not null default clock_timestamp()
);

-- Take back the press of an opt-out link: exactly the entry that this press made, and only if nothing came since, neither
-- a line of the ledger nor a reply that nobody has read. Repeated, it answers as the first time.
create function blocklist_undo_press(
  p_contact bigint, p_send uuid, p_at timestamptz, p_within interval, p_evidence jsonb)
returns table (outcome text, event_id bigint)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_press blocklist_events;
  v_undone bigint;
begin
  perform blocklist_lock_for_change(array[p_contact]);

  select e.* into v_press
  from blocklist_events e
  where e.contact_id = p_contact
    and e.send_id = p_send
    and e.kind = 'BLOCK'
    and e.source = 'URL_OPT_OUT'
    and e.effect = 'added'
  order by e.id desc
  limit 1;
  if not found then
    return query select 'nothing', null::bigint;
    return;
  end if;

  select e.id into v_undone
  from blocklist_events e
  where e.contact_id = p_contact
    and e.id > v_press.id
    and e.entry_id = v_press.id
    and e.effect = 'removed'
    and e.evidence ? 'undo'
    -- Whoever has pressed again since does not ask for this one.
    and not exists (
      select from blocklist_events later
      where later.contact_id = p_contact and later.id > e.id and later.send_id = p_send and later.kind = 'BLOCK');
  if found then
    return query select 'undone', v_undone;
    return;
  end if;

  if exists (select from blocklist_events e where e.contact_id = p_contact and e.id > v_press.id)
    or exists (select from inbox i where i.contact_id = p_contact and i.state in ('unread', 'review'))
    or p_at <= v_press.received_at
  then
    return query select 'superseded', null::bigint;
    return;
  end if;
  if p_at > v_press.received_at + p_within then
    return query select 'tooLate', null::bigint;
    return;
  end if;

  return query
    select case l.effect when 'removed' then 'undone' else 'superseded' end, l.event_id
    from blocklist_opt_in(jsonb_build_array(jsonb_build_object(
      'n', 0, 'account', v_press.account_id, 'contact', p_contact, 'channel', v_press.channel,
      'sender', v_press.sender, 'senderKey', v_press.sender_key, 'exact', true, 'entry', v_press.id,
      'sources', jsonb_build_array('URL_OPT_OUT'), 'complaint', false, 'source', 'URL_OPT_OUT',
      'campaign', v_press.campaign_id, 'receivedAt', p_at, 'send', p_send, 'confidence', 'exact', 'actor', 'person',
      'evidence', p_evidence || jsonb_build_object('undo', v_press.id::text)))) l;
end $$;
