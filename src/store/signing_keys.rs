//! Keys that Drawbridge signs its own tokens with.
