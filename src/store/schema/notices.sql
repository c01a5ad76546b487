-- Version 3 of the message log: notifications (called notices in the tables) outlive the process that showed them.

-- The notification that a message has on the screen, as far as known: the last one that was shown for it.
CREATE TABLE notices (
    seq             INTEGER PRIMARY KEY,
    -- Its id at the notification server below.
    notice          INTEGER NOT NULL
) STRICT;

-- The run of the notification server that assigned the ids above: one row, or none.
CREATE TABLE notice_server (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    name            TEXT    NOT NULL
) STRICT;
