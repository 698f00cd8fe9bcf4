-- The tables of a fresh store. The same text runs on SQLite and on PostgreSQL, so only what both understand is used:
-- TEXT, BIGINT and BYTEA columns (SQLite takes BYTEA as a name), times as seconds since 1970, flags as 0 and 1,
-- lists as JSON text. What compares without case has a column *_key that holds the name in lower case: the engines
-- do not agree about lower() and about collations, so neither is used.

-- One row. Every change to what decides about access increases it first, in its own transaction: whoever caches
-- asks for it, and the row's lock makes such changes follow each other.
CREATE TABLE iam_version (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    value BIGINT NOT NULL
);
INSERT INTO iam_version (id, value) VALUES (1, 1);

-- Facts about the store itself, such as the fingerprint of the key ring that sealed its secrets.
CREATE TABLE store_fact (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE account (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE iam_role (
    unique_id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    arn TEXT NOT NULL,
    arn_key TEXT NOT NULL UNIQUE,
    trust_policy TEXT NOT NULL,
    description TEXT NOT NULL,
    max_session_duration BIGINT NOT NULL,
    permissions_boundary TEXT,
    alias TEXT UNIQUE,
    production BIGINT NOT NULL,
    explainable BIGINT NOT NULL,
    tags TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sessions_revoked_before BIGINT,
    UNIQUE (account, name_key)
);

CREATE TABLE iam_user (
    unique_id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    arn TEXT NOT NULL,
    arn_key TEXT NOT NULL UNIQUE,
    permissions_boundary TEXT,
    tags TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (account, name_key)
);

-- The owner is a role, a user or a group, so no foreign key can say it; the store checks it in the transaction.
CREATE TABLE inline_policy (
    owner_kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (owner_kind, owner_id, name_key)
);

CREATE TABLE managed_policy (
    arn TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    unique_id TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    default_version BIGINT NOT NULL,
    tags TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (account, name_key)
);

CREATE TABLE policy_version (
    policy_arn TEXT NOT NULL REFERENCES managed_policy (arn),
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (policy_arn, version)
);

CREATE TABLE attachment (
    owner_kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    policy_arn TEXT NOT NULL REFERENCES managed_policy (arn),
    PRIMARY KEY (owner_kind, owner_id, policy_arn)
);
CREATE INDEX attachment_policy ON attachment (policy_arn);

-- A key without a user belongs to the root of its account.
CREATE TABLE access_key (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    user_id TEXT REFERENCES iam_user (unique_id),
    sealed_secret BYTEA NOT NULL,
    active BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX access_key_account ON access_key (account);

CREATE TABLE oidc_provider (
    arn TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    url TEXT NOT NULL,
    client_ids TEXT NOT NULL,
    thumbprints TEXT NOT NULL,
    tags TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (account, url)
);

CREATE TABLE revocation (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    issued_before BIGINT NOT NULL,
    revoked_by TEXT NOT NULL,
    revoked_at BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE web_session (
    id_hash BYTEA NOT NULL PRIMARY KEY,
    body BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX web_session_expiry ON web_session (expires_at);

-- Values that may be seen once (token ids, assertion ids), and values that may be taken once (login states).
CREATE TABLE used_value (
    kind TEXT NOT NULL,
    key_hash BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (kind, key_hash)
);
CREATE INDEX used_value_expiry ON used_value (expires_at);

CREATE TABLE pending_value (
    kind TEXT NOT NULL,
    key_hash BYTEA NOT NULL,
    body BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (kind, key_hash)
);
CREATE INDEX pending_value_expiry ON pending_value (expires_at);
