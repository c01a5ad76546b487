-- Version 5 of the log: whether a message waited on the service or came live.

-- 1 when it came while the program was connected; 0 when it waited, and in rows from before this version.
ALTER TABLE messages ADD COLUMN live INTEGER NOT NULL DEFAULT 0;
