//! The pages as data: one struct per page, each the whole input of its template.
//!
//! Nothing here decides anything. A door gathers facts from the services, chooses the words,
//! fills one of these structs and hands it to [`crate::http::page::html`]. The templates escape
//! everything they print; none of them knows a rule, and none has inline script or style, because
//! the content security policy (WEB-3) forbids both.
//!
//! Every page works by plain links and forms. `static/app.js` only adds to what is there: the
//! filter, favourites, tabs, masks, copying, local times and the countdown.

mod console;
mod credentials;
mod error;
mod roles;
mod sign_in;
mod why;

use std::fmt;

use time::OffsetDateTime;

pub use console::{ConsoleEndedPage, ConsolePage, PolicyView};
pub use credentials::{CredentialsPage, DurationChoice, FormatTab, Issued, Line, Part};
pub use error::{Action, ErrorPage};
pub use roles::{AccountRoles, RoleRow, RolesPage};
pub use sign_in::{ConfirmSignInPage, IdpButton, SignInPage, SignedOutPage};
pub use why::{WhyCondition, WhyPage, WhyRole, WhyStatement};

/// What every page has around its content: title, bar and foot.
#[derive(Clone, Debug, Default)]
pub struct Chrome {
    /// The document's title, without the product's name.
    pub title: String,
    /// As the foot shows it, for example `0.1`.
    pub product_version: String,
    /// The demo says on every page that it is one.
    pub demo: bool,
    /// The page came over plain http, which is allowed on loopback only (WEB-1).
    pub insecure: bool,
    /// Who is signed in; `None` leaves the bar without a person and without the sign-out form.
    pub signed_in: Option<SignedIn>,
    /// The same id as in the log and the response header.
    pub request_id: String,
}

impl Chrome {
    /// The address of a static file, for templates.
    #[must_use]
    pub fn asset(&self, name: &str) -> String {
        crate::http::assets::asset_url(name)
    }

    /// The CSRF token of the web session, empty when nobody is signed in (no form is shown then).
    #[must_use]
    pub fn csrf(&self) -> &str {
        self.signed_in.as_ref().map_or("", |person| &person.csrf)
    }
}

/// The person in the bar.
#[derive(Clone, Default)]
pub struct SignedIn {
    /// The display name from the evidence, as it came; templates escape it.
    pub name: String,
    /// The name of the identity provider in the configuration.
    pub idp_name: String,
    /// When the web session ends.
    pub until: Time,
    /// The CSRF token of the web session (WEB-2).
    pub csrf: String,
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn")
            .field("name", &self.name)
            .field("idp_name", &self.idp_name)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// A moment as a page shows it: exact for machines, short for people until the script localises it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// RFC 3339 in UTC with whole seconds, for `<time datetime>`.
    pub iso: String,
    /// What is read without JavaScript, for example `14:07 UTC`.
    pub short: String,
}

impl Time {
    /// Both forms of one moment, in UTC.
    #[must_use]
    pub fn at(moment: OffsetDateTime) -> Self {
        let utc = moment.to_offset(time::UtcOffset::UTC);
        let (year, month, day) = utc.to_calendar_date();
        let (hour, minute, second) = utc.to_hms();
        let month = u8::from(month);
        Self {
            iso: format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
            short: format!("{hour:02}:{minute:02} UTC"),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_time_is_written_in_utc_wherever_it_came_from() {
        let time = Time::at(datetime!(2026-11-22 15:07:09.5 +1));
        assert_eq!(time.iso, "2026-11-22T14:07:09Z");
        assert_eq!(time.short, "14:07 UTC");
    }

    #[test]
    fn the_csrf_token_stays_out_of_debug_output() {
        let chrome = Chrome {
            signed_in: Some(SignedIn {
                csrf: "tok-1".into(),
                ..SignedIn::default()
            }),
            ..Chrome::default()
        };
        assert_eq!(chrome.csrf(), "tok-1");
        assert!(!format!("{chrome:?}").contains("tok-1"));
    }

    /// The content security policy would drop inline code silently; `|safe` would print without escaping (WEB-6).
    #[test]
    fn templates_have_no_inline_code_and_no_unescaped_text() {
        let templates = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        for entry in std::fs::read_dir(templates).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            for banned in [
                "|safe",
                "| safe",
                "style=",
                "<style",
                "<script>",
                " onclick",
                "javascript:",
            ] {
                assert!(!text.contains(banned), "{banned} in {}", path.display());
            }
        }
    }
}
