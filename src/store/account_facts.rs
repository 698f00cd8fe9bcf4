//! Aliases and settings of accounts.
