-- Version 4 of the message log: expired messages do not stay unread.

-- Few messages are unread and have an expiry, however long the message log, so this index stays small. Emergencies are left
-- out, because only an acknowledgement ends them.
CREATE INDEX messages_expiring ON messages (expires) WHERE read = 0 AND expires <> 0 AND priority < 2;
