-- Version 10 of the message log: an emergency is one entry, however often it was repeated.

-- The copies of an emergency, the oldest first.
CREATE INDEX messages_receipts ON messages (receipt, seq) WHERE priority = 2 AND receipt <> '';

-- The unread ones. They are few, however long the message log.
CREATE INDEX messages_unread_receipts ON messages (receipt) WHERE read = 0 AND priority = 2 AND receipt <> '';
