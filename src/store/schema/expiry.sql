-- Version 4 of the log: what expires is not new for ever.

-- What was worth showing for a while and nobody has seen to is little, however long the log; an emergency is not
-- among it, since only its acknowledgement ends it.
CREATE INDEX messages_expiring ON messages (expires) WHERE read = 0 AND expires <> 0 AND priority < 2;
