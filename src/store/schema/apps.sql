-- Version 11 of the message log: which applications have messages, so that listing them reads no message.

CREATE TABLE apps (
    app             TEXT    NOT NULL PRIMARY KEY,
    -- How many messages it has.
    messages        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO apps (app, messages)
SELECT app, count(*)
FROM messages
WHERE app <> ''
GROUP BY app;

CREATE TRIGGER apps_insert AFTER INSERT ON messages WHEN new.app <> '' BEGIN
    INSERT INTO apps (app, messages) VALUES (new.app, 1)
    ON CONFLICT (app) DO UPDATE SET messages = messages + 1;
END;

CREATE TRIGGER apps_delete AFTER DELETE ON messages WHEN old.app <> '' BEGIN
    UPDATE apps SET messages = messages - 1 WHERE app = old.app;
    DELETE FROM apps WHERE app = old.app AND messages <= 0;
END;
