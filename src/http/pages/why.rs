//! Why a role is offered or not: each condition, what it wants and what the person brought.

use askama::Template;

use super::Chrome;

/// The explanation of one role, or of every candidate.
#[derive(Clone, Debug, Template)]
#[template(path = "why.html")]
pub struct WhyPage {
    /// Title, bar and foot.
    pub chrome: Chrome,
    /// For example `Why not prod/Administrator?`.
    pub heading: String,
    /// For example `Your sign-in is fine. The role's trust policy did not admit you; one condition failed.`
    pub lead: String,
    /// One role is laid open; several fold.
    pub roles: Vec<WhyRole>,
    /// Starts a new sign-in, as group changes count from the next one.
    pub again_href: Option<String>,
    /// What to name when asking for help.
    pub reference: String,
}

/// One role and what its trust policy said.
#[derive(Clone, Debug, Default)]
pub struct WhyRole {
    /// The alias.
    pub alias: String,
    /// The ARN, never cut.
    pub arn: String,
    /// One sentence: admitted, or what failed.
    pub summary: String,
    /// The statements that were looked at.
    pub statements: Vec<WhyStatement>,
    /// What would change the answer.
    pub help: Option<String>,
}

/// One statement of a trust policy.
#[derive(Clone, Debug, Default)]
pub struct WhyStatement {
    /// Its name and what it allows, for example `Statement 1 allows sts:AssumeRoleWithWebIdentity for acme`.
    pub title: String,
    /// Its conditions in the order of the policy.
    pub conditions: Vec<WhyCondition>,
}

/// One condition and how it came out.
#[derive(Clone, Debug, Default)]
pub struct WhyCondition {
    /// Whether it held.
    pub held: bool,
    /// The condition key, for example `acme:groups`.
    pub key: String,
    /// The operator, for example `ForAnyValue:StringEquals`.
    pub operator: String,
    /// The value or values it wants.
    pub wanted: String,
    /// What the evidence had; empty if the key was absent.
    pub seen: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_key_is_said_in_words() {
        let page = WhyPage {
            chrome: Chrome::default(),
            heading: "Why not deploy?".into(),
            lead: "One condition failed.".into(),
            roles: vec![WhyRole {
                statements: vec![WhyStatement {
                    title: "Statement 1".into(),
                    conditions: vec![WhyCondition::default()],
                }],
                ..WhyRole::default()
            }],
            again_href: None,
            reference: "7f3a".into(),
        };
        assert!(page.render().unwrap().contains("not in your sign-in"));
    }
}
