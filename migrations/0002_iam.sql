-- The rest of IAM: groups, instance profiles, SAML providers, MFA devices, facts about accounts; what was last used
-- when; token buckets; the keys Drawbridge itself signs with. The rules of 0001 hold here too.

-- The users and roles that a trust policy named when it was saved: a JSON list of [ARN, unique id].
ALTER TABLE iam_role ADD COLUMN trust_principals TEXT NOT NULL DEFAULT '[]';
-- The highest version a policy ever had: numbers are not used again. 0: ask the versions.
ALTER TABLE managed_policy ADD COLUMN latest_version BIGINT NOT NULL DEFAULT 0;

CREATE TABLE iam_group (
    unique_id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    arn TEXT NOT NULL,
    arn_key TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    UNIQUE (account, name_key)
);

CREATE TABLE group_member (
    group_id TEXT NOT NULL REFERENCES iam_group (unique_id),
    user_id TEXT NOT NULL REFERENCES iam_user (unique_id),
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_member_user ON group_member (user_id);

CREATE TABLE instance_profile (
    unique_id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    arn TEXT NOT NULL,
    arn_key TEXT NOT NULL UNIQUE,
    role_id TEXT REFERENCES iam_role (unique_id),
    tags TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (account, name_key)
);
CREATE INDEX instance_profile_role ON instance_profile (role_id);

CREATE TABLE saml_provider (
    arn TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    uuid TEXT NOT NULL UNIQUE,
    metadata TEXT NOT NULL,
    encryption_mode TEXT NOT NULL,
    tags TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (account, name)
);

CREATE TABLE saml_private_key (
    id TEXT NOT NULL PRIMARY KEY,
    provider_arn TEXT NOT NULL REFERENCES saml_provider (arn),
    sealed_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX saml_private_key_provider ON saml_private_key (provider_arn);

-- A device without a user is not assigned. `drift` is in steps of 30 seconds, as resynchronising found it.
CREATE TABLE mfa_device (
    serial TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    sealed_seed BYTEA NOT NULL,
    user_id TEXT REFERENCES iam_user (unique_id),
    enabled_at BIGINT,
    drift BIGINT NOT NULL,
    tags TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (account, name_key)
);
CREATE INDEX mfa_device_user ON mfa_device (user_id);

-- That a user has a console password; nothing here can be signed in with, so the password itself is not kept.
CREATE TABLE login_profile (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES iam_user (unique_id),
    reset_required BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- One alias for an account, and one account for an alias.
CREATE TABLE account_alias (
    account TEXT NOT NULL PRIMARY KEY REFERENCES account (id),
    alias TEXT NOT NULL UNIQUE
);

-- Settings of an account that are one text each: the password policy, the version of its global tokens.
CREATE TABLE account_fact (
    account TEXT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account, name)
);

-- When an access key or a role was last used. It decides about nothing, so it moves no version.
CREATE TABLE last_use (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    used_at BIGINT NOT NULL,
    region TEXT NOT NULL,
    service TEXT NOT NULL,
    PRIMARY KEY (kind, id)
);

-- Token buckets that all nodes share: thousandths of tokens, and the millisecond at which they were counted.
CREATE TABLE token_bucket (
    kind TEXT NOT NULL,
    key_hash BYTEA NOT NULL,
    level BIGINT NOT NULL,
    counted_at BIGINT NOT NULL,
    PRIMARY KEY (kind, key_hash)
);
CREATE INDEX token_bucket_age ON token_bucket (counted_at);

-- Keys that Drawbridge signs its own tokens with, sealed by the key ring.
CREATE TABLE signing_key (
    id TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    sealed_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);
