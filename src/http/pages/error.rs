//! The one page for everything that went wrong or was refused.

use askama::Template;

use super::Chrome;

/// What happened, whose move it is, and a reference.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// Title, bar and foot.
    pub chrome: Chrome,
    /// The HTTP status of the answer.
    pub status: u16,
    /// What happened, in a few words.
    pub heading: String,
    /// What it means for the person.
    pub sentence: String,
    /// Whose move it is.
    pub hint: Option<String>,
    /// What to name when asking for help; the log has it too.
    pub reference: String,
    /// The way on.
    pub action: Option<Action>,
}

/// A link that looks like a button.
#[derive(Clone, Debug, Default)]
pub struct Action {
    /// A verb.
    pub label: String,
    /// Where it leads.
    pub href: String,
}
