//! When an access key or a role was last used.
