//! Token buckets that all nodes share.
