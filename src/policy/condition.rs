//! One key under one operator of a `Condition` element, and whether it holds.
//!
//! Let `m(v)` be "some policy value matches the request's value `v` under the positive form", and
//! `p(v)` be `m(v)`, or `!m(v)` under a negated operator. A quantifier ranges over `p`. Negating
//! the aggregate instead would swap `ForAllValues` and `ForAnyValue` under every `Not…`
//! (GHSA-v9cp-qfw9-9pfp).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::arn::ArnPattern;
use super::case;
use super::context::{ContextValue, RequestContext};
use super::decimal::Decimal;
use super::instant::Instant;
use super::network::Network;
use super::operator::{Comparison, Operator, Quantifier};
use super::pattern::{Case, Pattern, Piece, Syntax};

/// A condition of a statement.
#[derive(Debug, Clone)]
pub struct Condition {
    operator: Operator,
    operator_name: Box<str>,
    key: Box<str>,
    folded_key: Box<str>,
    values: Vec<WantedValue>,
}

/// One value of the policy.
#[derive(Debug, Clone)]
pub(super) struct WantedValue {
    pub(super) written: Box<str>,
    pub(super) parsed: Wanted,
}

/// A value as its operator understands it; `None` is a value that it cannot understand, which
/// matches nothing.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    Text(Pattern),
    Arn(ArnPattern),
    Number(Option<Decimal>),
    Date(Option<Instant>),
    Binary(Option<Vec<u8>>),
    Network(Option<Network>),
    /// `Null`: `true` asks for the key to be absent.
    Absent(Option<bool>),
}

impl Condition {
    pub(super) fn compile(
        operator_name: &str,
        operator: Operator,
        key: &str,
        values: &[impl AsRef<str>],
        variables: bool,
    ) -> Self {
        let values = values
            .iter()
            .map(|value| WantedValue {
                written: value.as_ref().into(),
                parsed: Wanted::parse(operator.comparison, value.as_ref(), variables),
            })
            .collect();
        Self {
            operator,
            operator_name: operator_name.into(),
            key: key.into(),
            folded_key: case::fold(key).into(),
            values,
        }
    }

    /// The operator as the document writes it.
    pub fn operator_name(&self) -> &str {
        &self.operator_name
    }

    /// The key as the document writes it.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The values as the document writes them.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|value| &*value.written)
    }

    pub(super) fn operator(&self) -> Operator {
        self.operator
    }

    /// The key in the spelling that compares.
    pub(super) fn folded_key(&self) -> &str {
        &self.folded_key
    }

    pub(super) fn wanted(&self) -> &[WantedValue] {
        &self.values
    }

    /// The values of the key in this request; `None` when it is absent.
    pub(super) fn seen<'c>(&self, context: &'c RequestContext) -> Option<&'c ContextValue> {
        context.folded(&self.folded_key)
    }

    /// Whether the condition is satisfied.
    pub(super) fn holds(&self, context: &RequestContext) -> bool {
        let seen = self.seen(context);
        if self.operator.comparison == Comparison::Null {
            let absent = seen.is_none();
            return self.any(|wanted| match wanted {
                Wanted::Absent(Some(asked)) => *asked == absent,
                _ => false,
            });
        }
        match (self.operator.quantifier, seen) {
            (None, None) => self.operator.negated || self.operator.if_exists,
            (None, Some(ContextValue::One(value))) => self.predicate(value, context),
            // A list needs a set operator, whichever way the comparison goes.
            (None, Some(ContextValue::Many(_))) => false,
            (Some(Quantifier::All), None) => true,
            (Some(Quantifier::All), Some(seen)) => {
                let seen = seen.values();
                // Nothing but empty strings is a null set to AWS, and all of nothing satisfies
                // anything.
                seen.iter().all(|value| value.is_empty())
                    || seen.iter().all(|value| self.predicate(value, context))
            }
            (Some(Quantifier::Any), None) => self.operator.if_exists,
            (Some(Quantifier::Any), Some(seen)) => seen
                .values()
                .iter()
                .any(|value| self.predicate(value, context)),
        }
    }

    /// `p(v)`
    fn predicate(&self, seen: &str, context: &RequestContext) -> bool {
        let matched = match self.operator.comparison {
            // What the request says is parsed once, however many values the policy lists.
            Comparison::Numeric(relation) => Decimal::parse(seen).is_some_and(|seen| {
                self.any(|wanted| match wanted {
                    Wanted::Number(Some(wanted)) => relation.admits(seen.cmp(wanted)),
                    _ => false,
                })
            }),
            Comparison::Date(relation) => Instant::parse(seen).is_some_and(|seen| {
                self.any(|wanted| match wanted {
                    Wanted::Date(Some(wanted)) => relation.admits(seen.cmp(wanted)),
                    _ => false,
                })
            }),
            Comparison::Bool if !is_bool(seen) => false,
            Comparison::Bool | Comparison::StringEqualsIgnoreCase => self.any(|wanted| {
                matches!(wanted, Wanted::Text(text) if text.matches(seen, Case::Ignored, context))
            }),
            Comparison::StringEquals | Comparison::StringLike => self.any(|wanted| {
                matches!(wanted, Wanted::Text(text) if text.matches(seen, Case::Sensitive, context))
            }),
            Comparison::Arn => self.any(
                |wanted| matches!(wanted, Wanted::Arn(arn) if arn.matches(seen, context)),
            ),
            Comparison::BinaryEquals => self.any(
                |wanted| matches!(wanted, Wanted::Binary(Some(bytes)) if bytes == seen.as_bytes()),
            ),
            Comparison::IpAddress => self.any(
                |wanted| matches!(wanted, Wanted::Network(Some(network)) if network.contains(seen)),
            ),
            Comparison::Null => false,
        };
        matched != self.operator.negated
    }

    fn any(&self, matches: impl Fn(&Wanted) -> bool) -> bool {
        self.values.iter().any(|value| matches(&value.parsed))
    }
}

impl Wanted {
    fn parse(comparison: Comparison, text: &str, variables: bool) -> Self {
        let pattern = |wildcards| {
            Self::Text(Pattern::compile(
                text,
                Syntax {
                    wildcards,
                    variables,
                },
            ))
        };
        match comparison {
            Comparison::StringEquals | Comparison::StringEqualsIgnoreCase | Comparison::Bool => {
                pattern(false)
            }
            Comparison::StringLike => pattern(true),
            Comparison::Arn => Self::Arn(ArnPattern::compile(text, variables)),
            Comparison::Numeric(_) => Self::Number(Decimal::parse(text)),
            Comparison::Date(_) => Self::Date(Instant::parse(text)),
            // The policy carries base64; the request's value is the bytes themselves.
            Comparison::BinaryEquals => Self::Binary(BASE64.decode(text).ok()),
            Comparison::IpAddress => Self::Network(Network::parse(text)),
            Comparison::Null => Self::Absent(parse_bool(text)),
        }
    }

    fn pattern(&self) -> Option<&Pattern> {
        match self {
            Self::Text(pattern) => Some(pattern),
            Self::Arn(arn) => Some(arn.pattern()),
            _ => None,
        }
    }
}

impl WantedValue {
    /// The value with its variables replaced, for a reader: `None` when one of them is null.
    pub(super) fn substituted(&self, context: &RequestContext) -> Option<String> {
        let Some(pattern) = self.parsed.pattern().filter(|p| p.has_variables()) else {
            return Some(self.written.to_string());
        };
        let pieces = pattern.pieces(context)?;
        Some(
            pieces
                .into_iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text,
                    Piece::One => "?",
                    Piece::Run => "*",
                })
                .collect(),
        )
    }

    /// Whether no request could ever match the value.
    pub(super) fn is_impossible(&self) -> bool {
        match &self.parsed {
            Wanted::Text(_) => false,
            Wanted::Arn(arn) => !arn.is_possible(&self.written),
            Wanted::Number(parsed) => parsed.is_none(),
            Wanted::Date(parsed) => parsed.is_none(),
            Wanted::Binary(parsed) => parsed.is_none(),
            Wanted::Network(parsed) => parsed.is_none(),
            Wanted::Absent(parsed) => parsed.is_none(),
        }
    }
}

fn is_bool(text: &str) -> bool {
    parse_bool(text).is_some()
}

fn parse_bool(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}
