//! The names of condition operators: `[ForAllValues:|ForAnyValue:] Base [IfExists]`, written
//! exactly so.

/// How many of a key's values must satisfy the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantifier {
    /// `ForAllValues:`, which an absent key satisfies.
    All,
    /// `ForAnyValue:`
    Any,
}

/// The order that a comparison asks for, of the request's value against the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The positive form of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Relation),
    Date(Relation),
    Bool,
    BinaryEquals,
    IpAddress,
    Arn,
    Null,
}

/// A condition operator as a document names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) quantifier: Option<Quantifier>,
    pub(super) comparison: Comparison,
    /// True iff *no* value of the policy matches.
    pub(super) negated: bool,
    pub(super) if_exists: bool,
}

use Comparison::{
    Arn, BinaryEquals, Bool, Date, IpAddress, Null, Numeric, StringEquals, StringEqualsIgnoreCase,
    StringLike,
};
use Relation::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};

/// All 27, each with its positive form and whether it negates it.
pub(super) const OPERATORS: [(&str, Comparison, bool); 27] = [
    ("StringEquals", StringEquals, false),
    ("StringNotEquals", StringEquals, true),
    ("StringEqualsIgnoreCase", StringEqualsIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", StringEqualsIgnoreCase, true),
    ("StringLike", StringLike, false),
    ("StringNotLike", StringLike, true),
    ("NumericEquals", Numeric(Equal), false),
    ("NumericNotEquals", Numeric(Equal), true),
    ("NumericLessThan", Numeric(Less), false),
    ("NumericLessThanEquals", Numeric(LessOrEqual), false),
    ("NumericGreaterThan", Numeric(Greater), false),
    ("NumericGreaterThanEquals", Numeric(GreaterOrEqual), false),
    ("DateEquals", Date(Equal), false),
    ("DateNotEquals", Date(Equal), true),
    ("DateLessThan", Date(Less), false),
    ("DateLessThanEquals", Date(LessOrEqual), false),
    ("DateGreaterThan", Date(Greater), false),
    ("DateGreaterThanEquals", Date(GreaterOrEqual), false),
    ("Bool", Bool, false),
    ("BinaryEquals", BinaryEquals, false),
    ("IpAddress", IpAddress, false),
    ("NotIpAddress", IpAddress, true),
    ("ArnEquals", Arn, false),
    ("ArnNotEquals", Arn, true),
    ("ArnLike", Arn, false),
    ("ArnNotLike", Arn, true),
    ("Null", Null, false),
];

impl Operator {
    /// `None` for a name that no operator has. `Null` asks whether the key is there, so it takes
    /// neither quantifier nor `IfExists`.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (quantifier, rest) = if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Some(Quantifier::All), rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Some(Quantifier::Any), rest)
        } else {
            (None, name)
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (_, comparison, negated) = OPERATORS.iter().find(|(known, _, _)| *known == base)?;
        if *comparison == Null && (quantifier.is_some() || if_exists) {
            return None;
        }
        Some(Self {
            quantifier,
            comparison: *comparison,
            negated: *negated,
            if_exists,
        })
    }
}

impl Relation {
    /// Whether an order of request against policy satisfies the relation.
    pub(super) fn admits(self, order: std::cmp::Ordering) -> bool {
        match self {
            Equal => order.is_eq(),
            Less => order.is_lt(),
            LessOrEqual => order.is_le(),
            Greater => order.is_gt(),
            GreaterOrEqual => order.is_ge(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_written_exactly() {
        for name in [
            "stringequals",
            "StringEquals ",
            "ForAnyValue::StringEquals",
            "foranyvalue:StringEquals",
            "StringEqualsifexists",
            "IfExists",
            "StringEqualsIfExistsIfExists",
            "ForAnyValue:",
            "ForAllValues:ForAnyValue:StringEquals",
            "",
        ] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
    }

    #[test]
    fn null_takes_no_quantifier_and_no_if_exists() {
        assert!(Operator::parse("Null").is_some());
        for name in ["NullIfExists", "ForAnyValue:Null", "ForAllValues:Null"] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
    }
}
