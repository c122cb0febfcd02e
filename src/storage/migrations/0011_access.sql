-- API keys, and changes of large sets: opt-outs of many domains, removals of many entries.

-- A key is shown once, when it is made. It has 256 random bits, so its plain SHA-256 tells nothing about it; the prefix is
-- public, names it in lists and finds its row.
create table api_keys (
  id integer generated always as identity primary key,
  prefix text not null unique check (prefix ~ '^[0-9a-f]{12}$'),
  hash bytea not null check (octet_length(hash) = 32),
  account_id integer not null references accounts,
  role text not null check (role in ('viewer', 'editor', 'administrator')),
  name text not null check (length(name) between 1 and 100),
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  revoked_at timestamptz,
  revoked_by text,
  check ((revoked_at is null) = (revoked_by is null))
);

create index api_keys_of_account on api_keys (account_id, id);

-- As blocklist_revoke_domain, for any number of domains: a page of the people of all of them, in order of contact. Each
-- domain gives its first people after the page before, so the index (domain_id, id) carries it whatever their number.
create function blocklist_revoke_domains(p_events bigint[], p_after bigint, p_limit integer)
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
    select people.id
    from (select distinct e.contact_id as domain from blocklist_events e where e.id = any (p_events)) d
    cross join lateral (
      select c.id
      from contact_points c
      where c.domain_id = d.domain and c.id > p_after
      order by c.id
      limit p_limit
    ) people
    order by people.id
    limit p_limit
  ) page;
  if v_contacts is null then
    return null;
  end if;
  perform blocklist_lock_for_change(v_contacts);
  select jsonb_agg(jsonb_build_object(
      'event', e.id, 'entry', e.entry_id, 'account', e.account_id, 'contact', c.id, 'channel', e.channel,
      'senderKey', e.sender_key, 'covers', e.covers, 'source', e.source, 'campaign', e.campaign_id, 'at', e.at))
  into v_written
  from contact_points c
  join blocklist_events e on e.contact_id = c.domain_id and e.id = any (p_events)
  where c.id = any (v_contacts);
  perform blocklist_revoke(v_written);
  perform blocklist_tell_flows(v_written);
  return v_contacts[cardinality(v_contacts)];
end $$;

-- For programs that know the older name.
create or replace function blocklist_revoke_domain(p_event bigint, p_after bigint, p_limit integer)
returns bigint
language sql
as $$ select blocklist_revoke_domains(array[p_event], p_after, p_limit) $$;

-- As before, in time proportional to the set: what lifted nothing is found by one look-up each, where a join of both lists,
-- 5,000 rows each, compared every one with every other.
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
        and (a.exact or e.last_received_at < a."receivedAt")
      returning a.n, 'removed' as effect, e.account_id, e.contact_id, e.channel, e.sender, e.sender_key, e.source, e.covers,
        e.complaint, a.campaign, a."receivedAt" as received_at, a.send, a.confidence, a.inbox, e.id as entry_id, a.actor,
        a.evidence, a.source as asked_by
    ),
    outcome as (
      select * from lifted
      union all
      select a.n, 'nothing', a.account, a.contact, a.channel, a.sender, a."senderKey", a.source, 'ALL', false, a.campaign,
        a."receivedAt", a.send, a.confidence, a.inbox, null, a.actor, a.evidence, a.source
      from asked a
      where a.n not in (select l.n from lifted l)
    ),
    logged as (
      insert into blocklist_events as ev (
        kind, effect, account_id, contact_id, channel, sender, sender_key, source, covers, complaint, campaign_id,
        received_at, send_id, confidence, inbox_id, entry_id, actor, evidence)
      select 'UNBLOCK', o.effect, o.account_id, o.contact_id, o.channel, o.sender, o.sender_key, o.source, o.covers,
        o.complaint, o.campaign, o.received_at, o.send, o.confidence, o.inbox, o.entry_id, o.actor,
        coalesce(o.evidence, '{}') || jsonb_build_object('by', o.asked_by, 'item', o.n)
      from outcome o
      order by o.n
      returning (ev.evidence ->> 'item')::integer as item, ev.id, ev.entry_id, ev.effect
    )
    select l.item, l.id, l.entry_id, l.effect from logged l;
end $$;
