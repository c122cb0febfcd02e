-- Erasure: what tells who somebody is, or what he wrote, goes from every table; the keyed hash and the suppression stay.

-- What evidence may not keep of an erased person: words he wrote, and words written about him.
create function blocklist_redacted(p_evidence jsonb)
returns jsonb
language sql immutable as $$
  select (p_evidence - array['keyword', 'reason']) || '{"erased": true}'
$$;

-- The one change of a line that the ledger allows: its evidence redacted, everything else as it was.
create or replace function blocklist_events_are_append_only() returns trigger
language plpgsql as $$
begin
  if tg_level = 'ROW' and tg_op = 'UPDATE' then
    if new.evidence = blocklist_redacted(old.evidence) and to_jsonb(new) - 'evidence' = to_jsonb(old) - 'evidence' then
      return new;
    end if;
  end if;
  raise exception 'the ledger is append-only' using errcode = 'restrict_violation';
end $$;

-- Called after the opt-out that keeps these people suppressed, in its transaction, and so with their rows locked: a fence
-- that comes later finds no address. Replies nobody has read count as read, since the opt-out says more than they could.
create function blocklist_erase(p_contacts bigint[])
returns void
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  perform blocklist_lock_for_change(p_contacts);

  update sends s
  set detail = null
  from contact_points c
  where c.id = any (p_contacts)
    and s.contact_id = c.id
    and strpos(s.detail, c.value) > 0;

  update inbox i
  set text = null,
    reading = case when i.state = 'read' then i.reading - 'keyword' else '{"action": "ERASED"}' end,
    read_at = coalesce(i.read_at, clock_timestamp()),
    state = 'read'
  where i.contact_id = any (p_contacts);

  update blocklist_events e
  set evidence = blocklist_redacted(e.evidence)
  where e.contact_id = any (p_contacts)
    and e.evidence ?| array['keyword', 'reason'];

  -- Replies and events on their way to flows; that the person has left they still hear.
  delete from outbox o
  where o.payload -> 'arg' ->> 'contactId' = any (p_contacts::text[])
    and o.payload ->> 'signal' <> 'blocklistOptOut';

  delete from link_presses p where p.contact_id = any (p_contacts);

  update contact_points c set value = null where c.id = any (p_contacts);
end $$;
