-- Danger: opt-outs wait while the index is built, some seconds for each million entries.
--
-- The index for listing an account's entries is not for finding a person's. A plan made on an empty database found both
-- equally cheap, took this one, and from then on read all entries of the account for each person it decided about. An
-- expression keeps every query away that does not ask for it.

drop index blocklist_entries_listing;
create index blocklist_entries_listing on blocklist_entries ((account_id + 0), id);
