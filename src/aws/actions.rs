//! The names of every operation of the two APIs, from their service models (botocore 1.43.11): those that are not
//! answered here too.

/// STS 2011-06-15, sorted.
pub fn sts() -> impl Iterator<Item = &'static str> {
    include_str!("actions/sts.txt").lines()
}

/// IAM 2010-05-08, sorted.
pub fn iam() -> impl Iterator<Item = &'static str> {
    include_str!("actions/iam.txt").lines()
}
