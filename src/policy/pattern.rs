//! Matching text: `*` is any run of characters, `?` exactly one, nothing else is special, and both
//! ends are anchored.
//!
//! Characters are Unicode scalar values; both wildcards match `/`, `:` and line breaks. Documents
//! are written by strangers, so the matcher keeps one place to return to, never a stack of them,
//! and stops as soon as the text is too short for what is left: no pattern of a legal size takes
//! more than a few milliseconds (STS-10).

use super::case::fold_char;
use super::context::RequestContext;
use super::variable::{self, Reference, Variable};

/// Whether letters compare by value or folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Sensitive,
    Ignored,
}

/// What a place in a document lets its texts contain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Syntax {
    pub(super) wildcards: bool,
    pub(super) variables: bool,
}

/// A text of a document, taken apart once when the document is read.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    tokens: Box<[Token]>,
}

#[derive(Debug, Clone)]
enum Token {
    Text(Box<str>),
    One,
    Run,
    Variable(Variable),
}

/// A token with its variable resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    One,
    Run,
}

impl Pattern {
    pub(super) fn compile(text: &str, syntax: Syntax) -> Self {
        let mut tokens: Vec<Token> = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let reference = match c {
                '$' if syntax.variables => variable::reference(rest),
                _ => None,
            };
            let token = match (reference, c) {
                (Some((Reference::Escape(escaped), after)), _) => {
                    literal.push(escaped);
                    rest = after;
                    continue;
                }
                (Some((Reference::Variable(variable), after)), _) => {
                    rest = after;
                    Token::Variable(variable)
                }
                (None, '*') if syntax.wildcards => {
                    rest = after_one(rest).unwrap_or_default();
                    Token::Run
                }
                (None, '?') if syntax.wildcards => {
                    rest = after_one(rest).unwrap_or_default();
                    Token::One
                }
                (None, c) => {
                    literal.push(c);
                    rest = after_one(rest).unwrap_or_default();
                    continue;
                }
            };
            if !literal.is_empty() {
                tokens.push(Token::Text(std::mem::take(&mut literal).into()));
            }
            // `**` is `*`.
            if !matches!((tokens.last(), &token), (Some(Token::Run), Token::Run)) {
                tokens.push(token);
            }
        }
        if !literal.is_empty() {
            tokens.push(Token::Text(literal.into()));
        }
        Self {
            tokens: tokens.into(),
        }
    }

    /// Whether the text matches. A pattern with a variable that is null matches nothing.
    pub(super) fn matches(&self, text: &str, case: Case, context: &RequestContext) -> bool {
        match &*self.tokens {
            // The three shapes that nearly all patterns have.
            [Token::Run] => true,
            [Token::Text(only)] => matches!(after_text(text, only, case), Step::Matched("")),
            [Token::Text(prefix), Token::Run] => {
                matches!(after_text(text, prefix, case), Step::Matched(_))
            }
            tokens if self.has_variables() => match resolve(tokens, context) {
                Some(pieces) => glob(&pieces, text, case),
                None => false,
            },
            tokens => glob_with(
                tokens.len(),
                |at| tokens.get(at).map(Token::fixed),
                text,
                case,
            ),
        }
    }

    pub(super) fn has_variables(&self) -> bool {
        self.tokens
            .iter()
            .any(|token| matches!(token, Token::Variable(_)))
    }

    pub(super) fn has_wildcards(&self) -> bool {
        self.tokens
            .iter()
            .any(|token| matches!(token, Token::One | Token::Run))
    }

    /// Whether a variable of the pattern is null in this request.
    pub(super) fn is_null(&self, context: &RequestContext) -> bool {
        self.tokens.iter().any(
            |token| matches!(token, Token::Variable(variable) if variable.value(context).is_none()),
        )
    }

    /// The pattern with its variables resolved; `None` when one of them is null.
    pub(super) fn pieces<'p>(&'p self, context: &'p RequestContext) -> Option<Vec<Piece<'p>>> {
        resolve(&self.tokens, context)
    }

    /// The literal text before the first wildcard or variable, and whether that is all of it.
    pub(super) fn literal_prefix(&self) -> (&str, bool) {
        match &*self.tokens {
            [] => ("", true),
            [Token::Text(text)] => (text, true),
            [Token::Text(text), ..] => (text, false),
            _ => ("", false),
        }
    }
}

impl Token {
    /// The token without regard to the request; used where no variable is.
    fn fixed(&self) -> Piece<'_> {
        match self {
            Token::Text(text) => Piece::Text(text),
            Token::One => Piece::One,
            Token::Run => Piece::Run,
            Token::Variable(_) => Piece::Text(""),
        }
    }
}

fn resolve<'p>(tokens: &'p [Token], context: &'p RequestContext) -> Option<Vec<Piece<'p>>> {
    tokens
        .iter()
        .map(|token| match token {
            Token::Variable(variable) => variable.value(context).map(Piece::Text),
            token => Some(token.fixed()),
        })
        .collect()
}

/// Whether the text matches the pieces, from its first character to its last.
pub(super) fn glob(pieces: &[Piece<'_>], text: &str, case: Case) -> bool {
    glob_with(pieces.len(), |at| pieces.get(at).copied(), text, case)
}

fn glob_with<'p>(
    count: usize,
    piece: impl Fn(usize) -> Option<Piece<'p>>,
    text: &str,
    case: Case,
) -> bool {
    let mut at = 0;
    let mut rest = text;
    // Where to resume when the pieces behind the last `*` do not fit: its next piece, and the text
    // it has not swallowed yet.
    let mut last_run: Option<(usize, &str)> = None;
    loop {
        let step = match piece(at) {
            None if rest.is_empty() => return true,
            None => Step::Differs,
            Some(Piece::Run) if at + 1 == count => return true,
            Some(Piece::Run) => {
                last_run = Some((at + 1, rest));
                Step::Matched(rest)
            }
            Some(Piece::One) => after_one(rest).map_or(Step::TooShort, Step::Matched),
            Some(Piece::Text(literal)) => after_text(rest, literal, case),
        };
        match (step, last_run) {
            (Step::Matched(after), _) => {
                at += 1;
                rest = after;
            }
            // The pieces behind `*` ask for a fixed number of characters, and a later start has
            // fewer.
            (Step::TooShort, _) | (Step::Differs, None) => return false,
            (Step::Differs, Some((resume, swallowed_to))) => {
                let Some(mut start) = after_one(swallowed_to) else {
                    return false;
                };
                if let (Some(Piece::Text(literal)), Case::Sensitive) = (piece(resume), case) {
                    match start.find(literal) {
                        Some(found) => start = start.get(found..).unwrap_or_default(),
                        None => return false,
                    }
                }
                last_run = Some((resume, start));
                at = resume;
                rest = start;
            }
        }
    }
}

enum Step<'t> {
    /// It fits; this is left.
    Matched(&'t str),
    Differs,
    /// It fits as far as the text goes, and the text ends.
    TooShort,
}

fn after_one(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    chars.next().map(|_| chars.as_str())
}

fn after_text<'t>(text: &'t str, literal: &str, case: Case) -> Step<'t> {
    match case {
        Case::Sensitive if text.len() < literal.len() => Step::TooShort,
        Case::Sensitive => text
            .strip_prefix(literal)
            .map_or(Step::Differs, Step::Matched),
        Case::Ignored => {
            let mut chars = text.chars();
            for wanted in literal.chars() {
                match chars.next() {
                    None => return Step::TooShort,
                    Some(seen) if seen == wanted || fold_char(seen) == fold_char(wanted) => {}
                    Some(_) => return Step::Differs,
                }
            }
            Step::Matched(chars.as_str())
        }
    }
}
