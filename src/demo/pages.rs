//! The pages of the demo's identity provider: another house, so that nobody takes it for Drawbridge.

use std::fmt;

use askama::Template;

/// Name and password, and whom the demo knows.
#[derive(Clone, Template)]
#[template(path = "idp_sign_in.html")]
pub struct IdpSignInPage {
    /// The provider's name, for example `Acme`.
    pub idp_name: String,
    /// Who asks for the sign-in.
    pub client_name: String,
    /// Where the form posts to.
    pub action: String,
    /// The form's CSRF token.
    pub csrf: String,
    /// What was typed before.
    pub username: String,
    /// Why it did not work.
    pub error: Option<String>,
    /// The people of the demo; everybody's password is the name.
    pub people: Vec<String>,
    /// Fields of the protocol that travel through the form.
    pub hidden: Vec<(String, String)>,
}

impl fmt::Debug for IdpSignInPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdpSignInPage")
            .field("idp_name", &self.idp_name)
            .field("client_name", &self.client_name)
            .finish_non_exhaustive()
    }
}

/// Sends the browser to an application with a message in a form: by itself where scripts run.
#[derive(Clone, Template)]
#[template(path = "idp_send.html")]
pub struct IdpSendPage {
    /// The provider's name, for example `Contoso`.
    pub idp_name: String,
    /// Where it goes, for people.
    pub client_name: String,
    /// Where it goes.
    pub target: String,
    /// The message and what goes with it.
    pub hidden: Vec<(String, String)>,
}

impl fmt::Debug for IdpSendPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdpSendPage")
            .field("idp_name", &self.idp_name)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// The provider could not go on.
#[derive(Clone, Debug, Template)]
#[template(path = "idp_error.html")]
pub struct IdpErrorPage {
    /// What happened.
    pub sentence: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_in_page_says_that_it_is_a_demo_and_carries_the_protocol_fields() {
        let html = IdpSignInPage {
            idp_name: "Acme".into(),
            client_name: "Drawbridge".into(),
            action: "/authorize".into(),
            csrf: "c-1".into(),
            username: "ann".into(),
            error: None,
            people: vec!["ann".into()],
            hidden: vec![("state".into(), "s\"1".into())],
        }
        .render()
        .unwrap();
        assert!(html.contains("Demo identity provider"));
        assert!(html.contains("name=\"state\" value=\"s&#34;1\""));
        assert!(html.contains("name=\"csrf\" value=\"c-1\""));
    }
}
