-- What a SAML identity provider published last that could be used: it counts on when the provider is away, on every
-- node and after a restart, and it is what a pinned provider's keys are held against.
CREATE TABLE idp_metadata (
    idp TEXT NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    document TEXT NOT NULL,
    fetched_at BIGINT NOT NULL
);
