-- Version 8 of the message log: when the service accepted a message. Ages count from it: the sender's time may be any.

-- By the service's clock, so it is right when this computer's clock is not; 0 in rows from before this version.
ALTER TABLE messages ADD COLUMN queued INTEGER NOT NULL DEFAULT 0;

DROP INDEX messages_time;
CREATE INDEX messages_time ON messages (max(queued, recorded));

DROP INDEX messages_emergencies_by_time;
CREATE INDEX messages_emergencies_by_time ON messages (coalesce(nullif(queued, 0), recorded))
WHERE priority = 2 AND receipt <> '' AND acknowledged = 0;
