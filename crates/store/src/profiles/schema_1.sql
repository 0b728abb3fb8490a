-- Profiles, each packed with gzip. `kind` is what the endpoint calls it, `taken_at` milliseconds since 1970, `size` the
-- bytes of `data`: the index answers for all that there is without touching what it is.
CREATE TABLE profile (
    id       INTEGER PRIMARY KEY,
    target   TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    taken_at INTEGER NOT NULL,
    size     INTEGER NOT NULL,
    data     BLOB    NOT NULL
);
CREATE INDEX profile_place ON profile (target, kind, taken_at, size);
