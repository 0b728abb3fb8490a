-- Series, each once. `key` is the hash of signal and labels (hash.rs), `labels` a JSON object; `last_block` is the
-- block it was closed in, NULL while it is open.
CREATE TABLE series (
    id         INTEGER PRIMARY KEY,
    key        INTEGER NOT NULL,
    signal     TEXT    NOT NULL,
    labels     TEXT    NOT NULL,
    last_block INTEGER
);
CREATE INDEX series_key ON series (key);
CREATE INDEX series_signal ON series (signal, last_block);

-- Sealed blocks, in the order they were written, and what each signal has in them; times are milliseconds since 1970.
CREATE TABLE block (
    id      INTEGER NOT NULL,
    signal  TEXT    NOT NULL,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    PRIMARY KEY (id, signal)
) WITHOUT ROWID;

-- One XOR chunk a series and sealed block. `id` is the block times 2^32 plus the series, so that a block lies together.
CREATE TABLE chunk (
    id   INTEGER PRIMARY KEY,
    data BLOB NOT NULL
);

-- Scrapes of the block that is not sealed yet (scrape.rs).
CREATE TABLE scrape (
    id   INTEGER PRIMARY KEY,
    at   INTEGER NOT NULL,
    data BLOB NOT NULL
);

-- One row: the number of the block that is not sealed yet.
CREATE TABLE head (block INTEGER NOT NULL);
INSERT INTO head (block) VALUES (1);
