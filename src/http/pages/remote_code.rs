//! The code of `aws login --remote`, to be carried to a terminal by hand.

use std::fmt;

use askama::Template;

use super::Chrome;

/// `GET /v1/sessions/confirmation`: a code to copy, and a warning where not to paste it.
#[derive(Clone, Template)]
#[template(path = "code.html")]
pub struct CodePage {
    /// Title, bar and foot.
    pub chrome: Chrome,
    /// Which role the code stands for.
    pub role_alias: String,
    /// The account's name and number.
    pub account: String,
    /// Base64 of `state=…&code=…`.
    pub code: String,
}

impl fmt::Debug for CodePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodePage")
            .field("chrome", &self.chrome)
            .field("role_alias", &self.role_alias)
            .finish_non_exhaustive()
    }
}
