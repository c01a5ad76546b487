-- Version 12 of the message log: when the latest pause was, to tell what arrived during it from what a rule held back.

-- One row, or none before the first pause.
CREATE TABLE latest_pause (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    -- When it began.
    began           INTEGER NOT NULL DEFAULT 0,
    -- When it ended; 0 while it goes on.
    ended           INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A pause that goes on began some time ago.
INSERT INTO latest_pause (one, began) SELECT 1, 1 FROM pause;
