//! Instance profiles: a name under which a machine gets a role.
