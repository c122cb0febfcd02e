-- Receiving a reply holds the person's permits; reading it decides them again.

-- Which account and contact each inbound message belongs to: the message it names, else the latest message
-- from that sender to that destination, in any account tree. Items: {n, hash, kind, channel, senderKey, inReplyTo}.
create function blocklist_resolve_inbound(p_items jsonb)
returns table (n integer, account_id integer, contact_id bigint)
language sql stable as $$
  with asked as (
    select i.n, decode(i.hash, 'hex') as hash, i.kind, i.channel, i."senderKey" as sender_key, i."inReplyTo" as paired
    from jsonb_to_recordset(p_items) as i(
      n integer, hash text, kind text, channel text, "senderKey" text, "inReplyTo" uuid)
  )
  select distinct on (a.n) a.n, st.account_id, s.contact_id
  from asked a
  cross join lateral (
    select c.id from contact_points c where c.hash = a.hash and c.kind = a.kind offset 0
  ) c
  cross join lateral (
    select s.id, s.contact_id, s.claimed_at, s.stream_id from sends s where s.contact_id = c.id offset 0
  ) s
  cross join lateral (
    select st.account_id, st.sender_key, st.channel from streams st where st.id = s.stream_id offset 0
  ) st
  where s.id = a.paired
    or st.sender_key = a.sender_key and st.channel = a.channel
  order by a.n, s.id = a.paired desc nulls last, s.claimed_at desc
$$;

-- Store replies and hold what their senders' permits would still send: from the commit on nothing new goes out to
-- them until the reply has been read. Items: {n, provider, messageId, account, contact, shard, channel, sender,
-- senderKey, text, receivedAt, inReplyTo, campaign}. Returns the numbers of the items that were new.
create function blocklist_receive(p_items jsonb)
returns table (n integer, inbox_id bigint)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_new bigint[];
  v_people bigint[];
begin
  perform blocklist_lock_for_change((
    select array_agg(distinct (i ->> 'contact')::bigint) from jsonb_array_elements(p_items) i));

  with stored as (
    insert into inbox as b (
      provider, message_id, kind, account_id, contact_id, shard, channel, sender, sender_key, text, received_at,
      in_reply_to, campaign, state)
    select i.provider, i."messageId", 'REPLY', i.account, i.contact, i.shard, i.channel, i.sender, i."senderKey",
      i.text, i."receivedAt", i."inReplyTo", i.campaign, 'unread'
    from jsonb_to_recordset(p_items) as i(
      n integer, provider text, "messageId" text, account integer, contact bigint, shard smallint, channel text,
      sender text, "senderKey" text, text text, "receivedAt" timestamptz, "inReplyTo" uuid, campaign text)
    order by i.n
    on conflict (provider, message_id) do nothing
    returning b.id
  )
  select array_agg(stored.id) into v_new from stored;
  select array_agg(distinct b.contact_id) into v_people from inbox b where b.id = any (v_new);

  update sends s
  set state = case when s.state = 'claimed' then 'held' else s.state end,
    hold_reason = case when s.state = 'claimed' then 'UNREAD_REPLY' else s.hold_reason end,
    held_until = case when s.state = 'claimed' then 'infinity' else s.held_until end,
    on_return = case when s.state = 'dispatching' then coalesce(s.on_return, 'hold') else s.on_return end
  from (
    select s.id
    from sends s
    where s.contact_id = any (v_people)
      and s.state in ('claimed', 'dispatching')
      and (select st.purpose = 'MARKETING' and st.kind = 'message' from streams st where st.id = s.stream_id)
    order by s.id
    for update
  ) hit
  where s.id = hit.id
    and s.state in ('claimed', 'dispatching');

  return query
    select i.n, b.id
    from jsonb_to_recordset(p_items) as i(n integer, provider text, "messageId" text)
    join inbox b on b.provider = i.provider and b.message_id = i."messageId"
    where b.id = any (v_new);
end $$;

-- People with unread replies in a shard, oldest first.
create function blocklist_people_to_read(p_shard smallint, p_limit integer)
returns table (contact_id bigint)
language sql stable as $$
  select i.contact_id
  from inbox i
  where i.shard = p_shard
    and i.state = 'unread'
  group by i.contact_id
  order by min(i.id)
  limit p_limit
$$;

-- All unread replies of these people in the order received, each with the message it answers:
-- paired by id, else by the campaign it names, else the latest one from that sender. Locks the people.
create function blocklist_read_replies(p_contacts bigint[])
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
        select st.kind, st.campaign_id, st.sender_key, st.channel
        from streams st
        where st.id = s.stream_id
        offset 0
      ) st
      left join campaigns c on c.id = st.campaign_id
      where st.kind = 'message'
        and (s.id = i.in_reply_to or st.sender_key = i.sender_key and st.channel = i.channel)
      order by s.id = i.in_reply_to desc nulls last, c.reference = i.campaign desc nulls last,
        coalesce(s.settled_at, s.claimed_at) desc
      limit 1
    ) m on true
    where i.state = 'unread'
    order by i.contact_id, i.received_at, i.id;
end $$;

-- Decide again what unread replies held. Called in the transaction that read them, people locked.
-- Quiet hours and caps are looked at again by the claimant, who is told through the outbox.
create function blocklist_release(p_contacts bigint[])
returns void
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_stream record;
begin
  -- Rows in dispatch are only marked; a refusal would hold them for a reply that has been read by then. Before the held
  -- rows are looked at: what settles in between is found held.
  update sends s
  set on_return = null
  from (
    select s.id
    from sends s
    where s.contact_id = any (p_contacts)
      and s.state = 'dispatching'
      and s.on_return = 'hold'
      and not exists (select from inbox i where i.contact_id = s.contact_id and i.state in ('unread', 'review'))
    order by s.id
    for update
  ) hit
  where s.id = hit.id
    and s.state = 'dispatching'
    and s.on_return = 'hold';

  for v_stream in
    select held.stream_id, array_agg(held.id) as ids, array_agg(held.contact_id) as contacts
    from (
      select s.id, s.stream_id, s.contact_id
      from sends s
      where s.contact_id = any (p_contacts)
        and s.state = 'held'
        and s.hold_reason = 'UNREAD_REPLY'
      order by s.id
      for update
    ) held
    group by held.stream_id
  loop
    perform blocklist_apply_decision(v_stream.stream_id, v_stream.ids, v_stream.contacts, null, null, null, false, true);
    insert into outbox (kind, payload)
    select 'SIGNAL', jsonb_build_object('workflowId', f.workflow_id, 'flowContact', f.id,
      'signal', 'blocklistReleased', 'arg', jsonb_build_object('permitId', s.id))
    from sends s
    join flow_contacts f on f.id = s.flow_contact_id
    where s.id = any (v_stream.ids)
      and f.closed_at is null;
    if found then
      notify blocklist_outbox;
    end if;
  end loop;
end $$;
