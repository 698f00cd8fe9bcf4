//! The portal: accounts and roles, two actions each.

use askama::Template;

use super::Chrome;

/// `GET /` with a web session: the roles of this identity.
#[derive(Clone, Debug, Template)]
#[template(path = "roles.html")]
pub struct RolesPage {
    /// Title, bar and foot.
    pub chrome: Chrome,
    /// Accounts with their roles, in the order to show.
    pub accounts: Vec<AccountRoles>,
    /// How many roles there are in all accounts.
    pub total: usize,
    /// The page that says why other roles are not offered.
    pub missing_href: String,
}

impl RolesPage {
    /// From this many accounts on, an account stands beside its roles instead of above them.
    const MANY: usize = 12;

    /// Whether the list is long enough for the denser form.
    #[must_use]
    pub fn many(&self) -> bool {
        self.accounts.len() > Self::MANY
    }

    /// "5 roles in 2 accounts."
    #[must_use]
    pub fn count(&self) -> String {
        let accounts = self.accounts.len();
        format!(
            "{} {} in {accounts} {}.",
            self.total,
            if self.total == 1 { "role" } else { "roles" },
            if accounts == 1 { "account" } else { "accounts" },
        )
    }
}

/// An account and the roles in it.
#[derive(Clone, Debug, Default)]
pub struct AccountRoles {
    /// Twelve digits.
    pub id: String,
    /// Its name in the configuration.
    pub name: String,
    /// The roles in the order to show.
    pub roles: Vec<RoleRow>,
}

/// One role of the list.
#[derive(Clone, Debug, Default)]
pub struct RoleRow {
    /// The alias, which forms and links name the role by.
    pub alias: String,
    /// The name within its account.
    pub name: String,
    /// The ARN; found by the filter, and shown where there is no description.
    pub arn: String,
    /// What the role is for; may be empty.
    pub description: String,
    /// Marked, so that people look twice.
    pub production: bool,
    /// The page where credentials can be asked for.
    pub href_credentials: String,
    /// The page that says why the role is offered.
    pub explain_href: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(total: usize, accounts: usize) -> RolesPage {
        RolesPage {
            chrome: Chrome::default(),
            accounts: vec![AccountRoles::default(); accounts],
            total,
            missing_href: "/why".into(),
        }
    }

    #[test]
    fn the_count_agrees_in_number() {
        assert_eq!(page(1, 1).count(), "1 role in 1 account.");
        assert_eq!(page(5, 2).count(), "5 roles in 2 accounts.");
    }

    #[test]
    fn untrusted_text_is_escaped() {
        let mut page = page(1, 1);
        page.accounts[0].roles.push(RoleRow {
            alias: "\"><script>".into(),
            name: "<b>".into(),
            ..RoleRow::default()
        });
        let html = page.render().unwrap();
        assert!(!html.contains("<b>"));
        assert!(!html.contains("\"><script>"));
    }

    #[test]
    fn an_empty_list_says_that_the_sign_in_is_fine() {
        let html = page(0, 0).render().unwrap();
        assert!(html.contains("No roles yet"));
        assert!(html.contains("Your sign-in is fine"));
        assert!(html.contains("href=\"/why\""));
    }
}
