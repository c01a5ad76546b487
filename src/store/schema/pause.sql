-- Version 2 of the log: pausing. As in version 1, 0 means "not yet" or "not given".

-- When a message that is still to be shown was held back, because of a pause; it keeps this mark once it is shown.
ALTER TABLE messages ADD COLUMN held INTEGER NOT NULL DEFAULT 0;

-- However many a long pause holds back, what is still to be shown apart from them is little.
DROP INDEX messages_unannounced;
CREATE INDEX messages_unannounced ON messages (device, id) WHERE announced = 0 AND held = 0;
CREATE INDEX messages_held ON messages (seq, held) WHERE announced = 0 AND held <> 0;

-- The pause under way: one row, or none.
CREATE TABLE pause (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    -- When it ends; 0 is when the user says so.
    until           INTEGER NOT NULL DEFAULT 0
) STRICT;
