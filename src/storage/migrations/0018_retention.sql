-- Danger: replies wait while the index is built, some seconds for each million replies.
--
-- Texts of replies that were read and are still kept, oldest first: what retention looks through.

create index inbox_kept_texts on inbox (read_at) where state = 'read' and text is not null;
