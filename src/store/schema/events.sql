-- Version 6 of the message log: events, for readers that follow every change.

-- What happened to messages; only about the latest 10,000 events are kept. An event is written in the same transaction as the
-- change it describes.
CREATE TABLE events (
    -- AUTOINCREMENT: a number is never used twice, so a reader that reconnects can resume where it stopped.
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    -- 1 recorded, 2 shown, 3 read, 4 acknowledged, 5 expired, 6 deleted, 7 all deleted.
    kind            INTEGER NOT NULL,
    -- The message, which may have been deleted since; 0 means every message.
    seq             INTEGER NOT NULL DEFAULT 0,
    id              INTEGER NOT NULL DEFAULT 0,
    time            INTEGER NOT NULL
) STRICT;

-- The time up to which every expiry of an unread message has its event: one row, or none.
CREATE TABLE expiry_events (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    through         INTEGER NOT NULL
) STRICT;
