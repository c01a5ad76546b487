-- Version 5 of the message log: whether a message was waiting at the service or came live.

-- 1 if the message came while the program was connected; 0 if it was waiting, or was recorded before this version.
ALTER TABLE messages ADD COLUMN live INTEGER NOT NULL DEFAULT 0;
