//! Letting a program in: the code of a device, consent, and the choice of a role.

use std::fmt;

use askama::Template;

use super::{AccountRoles, Chrome, DurationChoice, Time};

/// `GET /device`: the code a terminal shows, typed or to be confirmed (WEB-8).
#[derive(Clone, Debug, Template)]
#[template(path = "device.html")]
pub struct DevicePage {
    /// Title, bar and foot.
    pub chrome: Chrome,
    /// From the link, if any; it still has to be confirmed.
    pub user_code: String,
    /// One sentence for unknown and expired codes alike.
    pub error: Option<String>,
}

/// A program asks to act for the person: Allow or Deny, by POST.
///
/// The form's fields are `csrf`, those of `hidden`, and `decision` = `allow` or `deny`.
#[derive(Clone, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage {
    /// Title, bar and foot.
    pub chrome: Chrome,
    /// What the program calls itself; not verified, and marked so.
    pub client_name: String,
    /// Where the form posts to.
    pub action: String,
    /// Fields that travel through the form.
    pub hidden: Vec<(String, String)>,
    /// What it will be able to do, in sentences.
    pub access: Vec<String>,
    /// The code to compare with the terminal (device grant only).
    pub user_code: Option<String>,
    /// The address the request came from.
    pub address: Option<String>,
    /// When it was made.
    pub asked: Option<Time>,
}

impl fmt::Debug for ConsentPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsentPage")
            .field("chrome", &self.chrome)
            .field("client_name", &self.client_name)
            .finish_non_exhaustive()
    }
}

/// `GET /v1/authorize`: which account and role the command line gets.
///
/// The form's fields are `csrf`, those of `hidden`, `role`, `duration`, and `decision`.
#[derive(Clone, Template)]
#[template(path = "pick.html")]
pub struct PickPage {
    /// Title, bar and foot.
    pub chrome: Chrome,
    /// What the program calls itself.
    pub client_name: String,
    /// Where the form posts to.
    pub action: String,
    /// Fields that travel through the form.
    pub hidden: Vec<(String, String)>,
    /// The roles to choose from; only alias, name, description and production are shown.
    pub accounts: Vec<AccountRoles>,
    /// The alias chosen at first.
    pub chosen: String,
    /// The lifetimes offered; empty hides the choice.
    pub durations: Vec<DurationChoice>,
}

impl PickPage {
    /// From this many accounts on, a list that answers to typing is quicker than a page of buttons.
    const MANY: usize = 6;

    /// Whether the roles are offered as one drop-down list.
    #[must_use]
    pub fn many(&self) -> bool {
        self.accounts.len() > Self::MANY
    }
}

impl fmt::Debug for PickPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PickPage")
            .field("chrome", &self.chrome)
            .field("client_name", &self.client_name)
            .finish_non_exhaustive()
    }
}

/// After a decision: the window can be closed.
#[derive(Clone, Debug, Template)]
#[template(path = "done.html")]
pub struct DonePage {
    /// Title, bar and foot.
    pub chrome: Chrome,
    /// For example `Allowed`.
    pub heading: String,
    /// For example `The AWS CLI carries on in your terminal. You can close this window.`
    pub sentence: String,
}
