-- How far readings of replies may go, by account and sender; and replies that wait for a human.

create table reply_policies (
  id integer generated always as identity primary key,
  account_id integer not null references accounts,
  -- Absent: any sender of the account.
  sender text,
  sender_key text,
  mode text not null check (mode in ('keywords', 'phrases to review', 'phrases at once')),
  act_at real not null check (act_at between 0 and 1),
  review_at real not null check (review_at between 0 and 1),
  check (review_at <= act_at),
  check ((sender is null) = (sender_key is null))
);

create unique index reply_policies_key on reply_policies (account_id, coalesce(sender_key, ''));

create index inbox_review on inbox (account_id, id) where state = 'review';
-- What was read lately, for the report of readings.
create index inbox_read_at on inbox (account_id, read_at) where read_at is not null;
