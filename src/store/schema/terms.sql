-- Version 9 of the message log: a search takes no longer in a long message log.

-- The words of every message. The words no longer say where their message is, so a rare word takes one look-up.
DROP TABLE message_words;
CREATE VIRTUAL TABLE message_words USING fts5 (
    title_words,
    body_words,
    app_words,
    number_words,
    content = '',
    columnsize = 0,
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Mn Mc'"
);
INSERT INTO message_words (message_words, rank) VALUES ('secure-delete', 1);
-- A search looks into every segment of the index, so those of a level are merged when there are two.
INSERT INTO message_words (message_words, rank) VALUES ('usermerge', 2);

-- Each term of that index once. The index itself cannot say which terms have a beginning without reading all of their
-- messages.
CREATE TABLE message_terms (
    term            TEXT    NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Up to which message the index is complete: it is written later than the message, so that the message is shown sooner. One
-- row.
CREATE TABLE words_indexed (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    through         INTEGER NOT NULL
) STRICT;
INSERT INTO words_indexed (one, through) SELECT 1, coalesce(max(seq), 0) FROM messages;

-- The index is made anew in the background. A message log whose index is of version 7 has no other one to search meanwhile.
INSERT INTO search_rebuild (one, last, below)
SELECT 1, 0, max(seq) + 1
FROM messages
WHERE NOT EXISTS (SELECT 1 FROM search_rebuild)
HAVING count(*) > 0;
UPDATE search_rebuild SET below = (SELECT coalesce(max(seq), 0) + 1 FROM messages);
CREATE VIRTUAL TABLE IF NOT EXISTS messages_search USING fts5 (title, body, app, content = '');
CREATE TRIGGER IF NOT EXISTS messages_search_delete AFTER DELETE ON messages
WHEN old.seq <= (SELECT last FROM search_rebuild)
BEGIN
    INSERT INTO messages_search (messages_search, rowid, title, body, app)
    VALUES ('delete', old.seq, old.title, old.body, old.app);
END;
