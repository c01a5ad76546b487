-- Version 3 of the log: notices outlive the process that showed them.

-- Which notice a message has on the screen, as far as it is known: the last that was shown for it.
CREATE TABLE notices (
    seq             INTEGER PRIMARY KEY,
    -- The id it has at the server below.
    notice          INTEGER NOT NULL
) STRICT;

-- The life of the notification server that gave the ids above: one row, or none.
CREATE TABLE notice_server (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    name            TEXT    NOT NULL
) STRICT;
