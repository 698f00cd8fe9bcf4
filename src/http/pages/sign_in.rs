//! Signed out: the identity providers to choose from, and the page after signing out.

use askama::Template;

use super::Chrome;

/// `GET /` without a web session: whom to sign in with.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    /// Title, bar and foot.
    pub chrome: Chrome,
    /// The configured identity providers, in the order to show.
    pub idps: Vec<IdpButton>,
    /// What happened before, for example that the session ended.
    pub notice: Option<String>,
    /// In the demo: its people and their passwords.
    pub demo_hint: Option<String>,
}

/// One identity provider to sign in with.
#[derive(Clone, Debug, Default)]
pub struct IdpButton {
    /// The id in the configuration.
    pub id: String,
    /// The name people know it by.
    pub name: String,
    /// Where its sign-in starts.
    pub href: String,
    /// This browser signed in with it last time.
    pub last_used: bool,
    /// Why it may not work at the moment; it can be tried all the same.
    pub problem: Option<String>,
}

impl IdpButton {
    /// The letter in the tile before the name.
    #[must_use]
    pub fn letter(&self) -> String {
        self.name.chars().take(1).collect()
    }
}

/// After `POST /signout`.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage {
    /// Title, bar and foot.
    pub chrome: Chrome,
    /// Where the person may still be signed in, because we do not end other people's sessions.
    pub idp_name: Option<String>,
    /// Where the browser goes by itself, so that the provider ends its session as well.
    pub next: Option<String>,
}

/// After a sign-in that nobody here asked for: is it really them?
#[derive(Clone, Debug, Template)]
#[template(path = "confirm_sign_in.html")]
pub struct ConfirmSignInPage {
    /// Title, bar and foot.
    pub chrome: Chrome,
    /// Who vouches.
    pub idp_name: String,
    /// Whom for.
    pub name: String,
    /// How the provider calls them.
    pub subject: String,
    /// Where the form goes.
    pub action: String,
    /// Who it would be, sealed.
    pub ticket: String,
}
