//! The managed policies that AWS keeps for everybody, as far as people name them.
