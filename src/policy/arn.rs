//! Matching ARNs: six parts, each matched by itself.
//!
//! `arn:partition:service:region:account:resource`. A wildcard never crosses into another part, but
//! the sixth part keeps its own colons and slashes, and `*` crosses those.

use super::context::RequestContext;
use super::pattern::{Case, Pattern, Piece, Syntax, glob};

const PARTS: usize = 6;

/// An ARN of a request in its six parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ArnParts<'a> {
    pub(super) partition: &'a str,
    pub(super) service: &'a str,
    pub(super) account: &'a str,
    pub(super) resource: &'a str,
    all: [&'a str; PARTS],
}

impl<'a> ArnParts<'a> {
    /// `None` when the text has fewer than six parts.
    pub(super) fn split(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(PARTS, ':');
        let mut all = [""; PARTS];
        for part in &mut all {
            *part = parts.next()?;
        }
        let [_, partition, service, _, account, resource] = all;
        Some(Self {
            partition,
            service,
            account,
            resource,
            all,
        })
    }
}

/// The resource of a request: an ARN, or something that no ARN pattern matches.
#[derive(Debug, Clone, Copy)]
pub(super) struct ResourceName<'a>(Option<ArnParts<'a>>);

impl<'a> ResourceName<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self(ArnParts::split(text))
    }

    /// The account that the ARN names, if it names one.
    pub(super) fn account(&self) -> Option<&'a str> {
        self.0
            .map(|parts| parts.account)
            // The managed policies of `arn:aws:iam::aws:policy/…` belong to nobody.
            .filter(|account| !account.is_empty() && *account != "aws")
    }
}

/// An entry of a `Resource` or `NotResource` element.
#[derive(Debug, Clone)]
pub(super) enum ResourcePattern {
    /// `*`, which also matches the requests that have no resource.
    Everything,
    /// One pattern per part; fewer than six parts are an abbreviation.
    Arn(Vec<Pattern>),
    /// Neither `*` nor an ARN.
    Nothing,
}

/// What an ARN with fewer than six parts means; it differs by the kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShortArn {
    /// The missing parts are `*` (identity documents).
    Completed,
    /// It matches nothing, unless it contains a wildcard (resource policies).
    OnlyWithWildcard,
}

impl ResourcePattern {
    pub(super) fn compile(text: &str, variables: bool) -> Self {
        if !text.is_empty() && text.bytes().all(|byte| byte == b'*') {
            return Self::Everything;
        }
        // Variables are allowed after the fifth colon only: before it `${aws:username}` is plain
        // text, colon included.
        let parts: Vec<Pattern> = text
            .splitn(PARTS, ':')
            .enumerate()
            .map(|(at, part)| {
                let syntax = Syntax {
                    wildcards: true,
                    variables: variables && at + 1 == PARTS,
                };
                Pattern::compile(part, syntax)
            })
            .collect();
        // An abbreviation is an abbreviation of an ARN; completing `a*` would make it everything.
        if parts.len() < PARTS && !text.starts_with("arn:") {
            return Self::Nothing;
        }
        Self::Arn(parts)
    }

    pub(super) fn matches(
        &self,
        resource: ResourceName<'_>,
        short: ShortArn,
        context: &RequestContext,
    ) -> bool {
        let (parts, seen) = match (self, resource.0) {
            (Self::Everything, _) => return true,
            (Self::Nothing, _) | (_, None) => return false,
            (Self::Arn(parts), Some(seen)) => (parts, seen),
        };
        if parts.len() < PARTS
            && short == ShortArn::OnlyWithWildcard
            && !parts.iter().any(Pattern::has_wildcards)
        {
            return false;
        }
        parts
            .iter()
            .zip(seen.all)
            .all(|(pattern, part)| pattern.matches(part, Case::Sensitive, context))
    }

    /// Whether a variable of the entry is null in this request.
    pub(super) fn is_null(&self, context: &RequestContext) -> bool {
        matches!(self, Self::Arn(parts) if parts.iter().any(|part| part.is_null(context)))
    }
}

/// A value of an `Arn…` condition.
#[derive(Debug, Clone)]
pub(super) struct ArnPattern(Pattern);

impl ArnPattern {
    pub(super) fn compile(text: &str, variables: bool) -> Self {
        let syntax = Syntax {
            wildcards: true,
            variables,
        };
        Self(Pattern::compile(text, syntax))
    }

    /// Whether the value matches; never when one side has fewer than six parts, so `*` alone
    /// matches nothing.
    ///
    /// Here variables may stand anywhere, `${aws:PrincipalArn}` for a whole ARN too, so the parts
    /// are counted after substitution: a colon out of a value separates like any other.
    pub(super) fn matches(&self, text: &str, context: &RequestContext) -> bool {
        let (Some(seen), Some(pieces)) = (ArnParts::split(text), self.0.pieces(context)) else {
            return false;
        };
        let mut parts: Vec<Vec<Piece<'_>>> = vec![Vec::new()];
        for piece in pieces {
            let Piece::Text(text) = piece else {
                push(&mut parts, piece);
                continue;
            };
            let mut rest = text;
            while parts.len() < PARTS
                && let Some((before, after)) = rest.split_once(':')
            {
                push(&mut parts, Piece::Text(before));
                parts.push(Vec::new());
                rest = after;
            }
            push(&mut parts, Piece::Text(rest));
        }
        parts.len() == PARTS
            && parts
                .iter()
                .zip(seen.all)
                .all(|(pieces, part)| glob(pieces, part, Case::Sensitive))
    }

    /// Whether the pattern could match an ARN at all.
    pub(super) fn is_possible(&self, written: &str) -> bool {
        self.0.has_variables() || written.split(':').count() >= PARTS
    }

    pub(super) fn pattern(&self) -> &Pattern {
        &self.0
    }
}

fn push<'a>(parts: &mut [Vec<Piece<'a>>], piece: Piece<'a>) {
    if piece != Piece::Text("")
        && let Some(last) = parts.last_mut()
    {
        last.push(piece);
    }
}
