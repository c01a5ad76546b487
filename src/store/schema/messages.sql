-- Version 1 of the message log. In every column 0 and '' mean "not yet" or "not given"; the column's meaning never changes.

-- Every message ever recorded, with its marks.
CREATE TABLE messages (
    -- The order of recording. AUTOINCREMENT: a number is never used twice, not even after all rows are deleted.
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    device          TEXT    NOT NULL,
    -- Above 0: the service's id. Below 0: an id derived from the content.
    id              INTEGER NOT NULL,
    umid            INTEGER NOT NULL DEFAULT 0,
    app             TEXT    NOT NULL DEFAULT '',
    icon            TEXT    NOT NULL DEFAULT '',
    title           TEXT    NOT NULL DEFAULT '',
    -- As sent: HTML when `html`.
    body            TEXT    NOT NULL DEFAULT '',
    html            INTEGER NOT NULL DEFAULT 0,
    monospace       INTEGER NOT NULL DEFAULT 0,
    priority        INTEGER NOT NULL DEFAULT 0,
    -- The sender's time.
    date            INTEGER NOT NULL DEFAULT 0,
    url             TEXT    NOT NULL DEFAULT '',
    url_title       TEXT    NOT NULL DEFAULT '',
    sound           TEXT    NOT NULL DEFAULT '',
    receipt         TEXT    NOT NULL DEFAULT '',
    -- Whether the service called it acknowledged when it was recorded.
    acknowledged    INTEGER NOT NULL DEFAULT 0,
    expires         INTEGER NOT NULL DEFAULT 0,
    encrypted       INTEGER NOT NULL DEFAULT 0,
    problem         TEXT    NOT NULL DEFAULT '',
    -- The marks: unix seconds.
    recorded        INTEGER NOT NULL,
    announced       INTEGER NOT NULL DEFAULT 0,
    read            INTEGER NOT NULL DEFAULT 0,
    -- Deleted from the service.
    deleted         INTEGER NOT NULL DEFAULT 0,
    -- How often the service delivered it again after that.
    repeats         INTEGER NOT NULL DEFAULT 0,
    -- The item as it came. It is the last column, so that queries without it do not read it from disk.
    raw             TEXT    NOT NULL DEFAULT '',
    -- The id comes first, so that one index answers "this id on this device" and "this id".
    UNIQUE (id, device)
) STRICT;

-- Few rows still need work, however long the message log: these indexes hold only those rows.
CREATE INDEX messages_unannounced ON messages (device, id) WHERE announced = 0;
CREATE INDEX messages_undeleted ON messages (device, id) WHERE deleted = 0;
CREATE INDEX messages_unread ON messages (read) WHERE read = 0;
CREATE INDEX messages_emergencies ON messages (receipt) WHERE priority = 2 AND receipt <> '' AND acknowledged = 0;

-- The state of the acknowledgement of an emergency: one row per receipt, so all its repeats share it.
CREATE TABLE acknowledgements (
    receipt         TEXT    NOT NULL PRIMARY KEY,
    -- 1 requested, 2 confirmed, 3 given up.
    state           INTEGER NOT NULL,
    -- When a pending request is given up.
    expires         INTEGER NOT NULL DEFAULT 0,
    -- When it reached this state.
    changed         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    device          TEXT    NOT NULL PRIMARY KEY,
    -- When the initial sync after registering was complete.
    flushed         INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- The words of every message. The text itself stays in its row; what was recorded never changes, so the index
-- changes only when a message is inserted or deleted.
CREATE VIRTUAL TABLE messages_search USING fts5 (
    title,
    body,
    app,
    content = 'messages',
    content_rowid = 'seq',
    tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TRIGGER messages_search_insert AFTER INSERT ON messages BEGIN
    INSERT INTO messages_search (rowid, title, body, app)
    VALUES (new.seq, new.title, new.body, new.app);
END;

CREATE TRIGGER messages_search_delete AFTER DELETE ON messages BEGIN
    INSERT INTO messages_search (messages_search, rowid, title, body, app)
    VALUES ('delete', old.seq, old.title, old.body, old.app);
END;
