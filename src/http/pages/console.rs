//! The embedded console: who one is, what one may do, and for how long.

use askama::Template;

use super::{Chrome, Time};
use crate::http::console::here::Frame;
use crate::http::console::sentences::{Piece, Said};

/// `GET /console` with a console session.
#[derive(Clone, Debug, Template)]
#[template(path = "console.html")]
pub struct ConsolePage {
    /// Title, bar and foot; its `signed_in` is not shown, as the console's session is another one.
    pub chrome: Chrome,
    /// Bar and navigation.
    pub frame: Frame,
    /// The assumed-role ARN.
    pub principal_arn: String,
    /// Twelve digits.
    pub account_id: String,
    /// Seconds until then by our clock.
    pub seconds_left: u64,
    /// The role session's name.
    pub session_name: String,
    /// Who vouched, for example `Acme, ann@example.com`.
    pub source: String,
    /// The policies in force, role and session.
    pub policies: Vec<PolicyView>,
    /// What the role's policies come to, in sentences.
    pub may: Vec<Said>,
    /// A session policy limits all of it.
    pub limited: bool,
}

/// A policy to read.
#[derive(Clone, Debug, Default)]
pub struct PolicyView {
    /// Its name, and whether it is a session policy.
    pub name: String,
    /// The document as stored.
    pub document: String,
}

/// `GET /console` after the credentials ended, or without any.
#[derive(Clone, Debug, Template)]
#[template(path = "console_ended.html")]
pub struct ConsoleEndedPage {
    /// Title, bar and foot.
    pub chrome: Chrome,
    /// When they ended, if there were any.
    pub ended: Option<Time>,
    /// Where to get new ones.
    pub login_href: String,
}
