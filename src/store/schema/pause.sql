-- Version 2 of the message log: pausing. As in version 1, 0 means "not yet" or "not given".

-- When a pause held a message back from being shown; the message keeps this mark after it is shown.
ALTER TABLE messages ADD COLUMN held INTEGER NOT NULL DEFAULT 0;

-- A long pause may hold back many messages, but few others are still to be shown: the first index leaves out those held back.
DROP INDEX messages_unannounced;
CREATE INDEX messages_unannounced ON messages (device, id) WHERE announced = 0 AND held = 0;
CREATE INDEX messages_held ON messages (seq, held) WHERE announced = 0 AND held <> 0;

-- The current pause: one row, or none.
CREATE TABLE pause (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    -- When it ends; 0 means when the user resumes.
    until           INTEGER NOT NULL DEFAULT 0
) STRICT;
