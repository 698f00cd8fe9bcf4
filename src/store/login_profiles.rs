//! Which users have a console password.
