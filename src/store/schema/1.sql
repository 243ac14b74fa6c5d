-- SPDX-License-Identifier: GPL-2.0-or-later
-- Version 1. Bodies are the records' own JSON; the columns beside a body repeat what questions filter by.
-- Findings are a log that only grows: hash = SHA-256(prev || body), prev of the first is 32 zeros.
CREATE TABLE run (
	id INTEGER PRIMARY KEY,
	input TEXT NOT NULL,
	program TEXT NOT NULL,
	recorded TEXT NOT NULL
) STRICT;

CREATE TABLE finding_log (
	seq INTEGER PRIMARY KEY CHECK (seq > 0),
	run INTEGER NOT NULL REFERENCES run (id),
	id TEXT NOT NULL,
	rule TEXT,
	device TEXT,
	severity INTEGER,
	first INTEGER,
	last INTEGER,
	body TEXT NOT NULL,
	prev BLOB NOT NULL CHECK (length(prev) = 32),
	hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX finding_log_id ON finding_log (id, seq);
CREATE TRIGGER finding_log_update BEFORE UPDATE ON finding_log BEGIN
	SELECT raise(ABORT, 'findings are only added');
END;
CREATE TRIGGER finding_log_delete BEFORE DELETE ON finding_log BEGIN
	SELECT raise(ABORT, 'findings are only added');
END;

-- Where the chain ends: a log cut short does not agree with it.
CREATE TABLE chain (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	seq INTEGER NOT NULL,
	hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO chain VALUES (1, 0, zeroblob(32));

-- The latest word on each finding.
CREATE VIEW finding AS
	SELECT * FROM finding_log f WHERE seq = (SELECT max(seq) FROM finding_log g WHERE g.id = f.id);

-- Everything else: devices, conversations, exposures, cases, health, records of interest.
CREATE TABLE item (
	kind TEXT NOT NULL,
	id TEXT NOT NULL,
	run INTEGER NOT NULL REFERENCES run (id),
	rule TEXT,
	device TEXT,
	severity INTEGER,
	first INTEGER,
	last INTEGER,
	body TEXT NOT NULL,
	PRIMARY KEY (kind, id)
) STRICT;
