-- API keys, and opt-outs of large sets.

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

-- As before, in time proportional to the permits taken back: each was looked for in the list of all of them, which took
-- half a minute for tens of thousands. Two entries that reach one message: the older is named.
create or replace function blocklist_revoke(p_written jsonb)
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
  select array_agg(c.id order by c.id), array_agg(c.entry order by c.id) into v_ids, v_entries
  from (
    select distinct on (s.id) s.id, w.entry
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
    order by s.id, w.entry
  ) c;

  -- Locked in the order of the array, which is that of the ids, and in a statement of its own: the update below then waits
  -- for nobody.
  perform from sends s where s.id = any (v_ids) order by s.id for update;

  update sends s
  set state = case when s.state = 'dispatching' then s.state when s.in_doubt then 'unknown' else 'revoked' end,
    on_return = case when s.state = 'dispatching' then 'revoke' end,
    blocked_by = hit.entry,
    hold_reason = null,
    held_until = null,
    settled_at = case when s.state <> 'dispatching' then clock_timestamp() end
  from unnest(v_ids, v_entries) as hit(id, entry)
  where s.id = hit.id
    and s.state in ('claimed', 'held', 'dispatching');
end $$;
