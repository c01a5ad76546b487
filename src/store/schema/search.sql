-- Version 7 of the message log: nothing depends on how long the message log is.

-- `--since` finds where it begins.
CREATE INDEX messages_time ON messages (max(date, recorded));

-- Emergencies are open for a few hours only.
CREATE INDEX messages_emergencies_by_time ON messages (recorded)
WHERE priority = 2 AND receipt <> '' AND acknowledged = 0;

-- Messages whose words may be found only after decrypting them: those that say so, and long base64.
CREATE INDEX messages_encrypted ON messages (seq)
WHERE encrypted <> 0 OR (length(body) >= 88 AND body NOT GLOB '*[^A-Za-z0-9+/=]*');

CREATE INDEX acknowledgements_requested ON acknowledgements (expires, receipt) WHERE state = 1;

-- Counts that are kept, because counting rows takes longer the more there are.
CREATE TABLE counters (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    messages        INTEGER NOT NULL,
    -- Unread messages that never expire; the few that do are counted in `messages_expiring`.
    unread          INTEGER NOT NULL
) STRICT;

INSERT INTO counters (one, messages, unread)
SELECT
    1,
    (SELECT count(*) FROM messages),
    (SELECT count(*) FROM messages WHERE read = 0 AND (expires = 0 OR priority >= 2));

CREATE TRIGGER counters_insert AFTER INSERT ON messages BEGIN
    UPDATE counters
    SET messages = messages + 1,
        unread = unread + (new.read = 0 AND (new.expires = 0 OR new.priority >= 2));
END;

CREATE TRIGGER counters_delete AFTER DELETE ON messages BEGIN
    UPDATE counters
    SET messages = messages - 1,
        unread = unread - (old.read = 0 AND (old.expires = 0 OR old.priority >= 2));
END;

CREATE TRIGGER counters_read AFTER UPDATE OF read ON messages
WHEN (old.read = 0) <> (new.read = 0) AND (old.expires = 0 OR old.priority >= 2)
BEGIN
    UPDATE counters SET unread = unread + iif(new.read = 0, 1, -1);
END;

-- The words of every message, as `src/store/search/words.rs` prepares them: the program writes them, since SQL knows
-- nothing of markup or of text without blanks. The marks of Indic and Thai letters are part of a word.
CREATE VIRTUAL TABLE message_words USING fts5 (
    title_words,
    body_words,
    app_words,
    number_words,
    content = '',
    columnsize = 0,
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
);

-- The words of a deleted message leave the index with it.
INSERT INTO message_words (message_words, rank) VALUES ('secure-delete', 1);

-- While the words of older messages are not in the new index yet: one row, or none.
CREATE TABLE search_rebuild (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    -- The last message that is in the old index.
    last            INTEGER NOT NULL,
    -- Messages from this one on are in the new index.
    below           INTEGER NOT NULL
) STRICT;

INSERT INTO search_rebuild (one, last, below)
SELECT 1, max(seq), max(seq) + 1
FROM messages
HAVING count(*) > 0;

-- The old index is searched until the new one is complete, and changes only when a message in it is deleted.
DROP TRIGGER messages_search_insert;
DROP TRIGGER messages_search_delete;
CREATE TRIGGER messages_search_delete AFTER DELETE ON messages
WHEN old.seq <= (SELECT last FROM search_rebuild)
BEGIN
    INSERT INTO messages_search (messages_search, rowid, title, body, app)
    VALUES ('delete', old.seq, old.title, old.body, old.app);
END;
INSERT INTO messages_search (messages_search, rank) VALUES ('secure-delete', 1);

-- Which computer writes the message log, where several share the folder: one row, or none.
CREATE TABLE lease (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    -- An id of the computer, and its name for a person.
    computer        TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    -- When it last said that it still does.
    renewed         INTEGER NOT NULL
) STRICT;
