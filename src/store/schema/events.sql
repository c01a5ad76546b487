-- Version 6 of the log: events, for readers that want to hear of every change.

-- What happened to messages, the latest some thousand. An event is written with the change it describes.
CREATE TABLE events (
    -- AUTOINCREMENT: a number is never given twice, so a reader that comes back knows where it was.
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    -- 1 recorded, 2 shown, 3 read, 4 acknowledged, 5 expired, 6 deleted, 7 all deleted.
    kind            INTEGER NOT NULL,
    -- The message; it may be gone. 0 for all of them.
    seq             INTEGER NOT NULL DEFAULT 0,
    id              INTEGER NOT NULL DEFAULT 0,
    time            INTEGER NOT NULL
) STRICT;

-- Up to which time there is an event for every unread message that expired: one row, or none.
CREATE TABLE expiry_events (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    through         INTEGER NOT NULL
) STRICT;
