//! The forms in which credentials are handed out.
//!
//! The first six are those of `aws configure export-credentials --format`; the texts are safe to `eval`
//! because every value is letters, digits and `-_.:/@`: nothing a shell would read.

use serde_json::json;

use crate::aws::xml::timestamp;
use crate::credentials::SessionCredentials;

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// What `credential_process` reads.
    Process,
    /// `export NAME=value` for POSIX shells.
    Env,
    /// `NAME=value`.
    EnvNoExport,
    /// `set -gx` for fish.
    Fish,
    /// `$Env:NAME="value"`.
    PowerShell,
    /// `set NAME=value`.
    WindowsCmd,
    /// An object for programs.
    Json,
    /// A section for `~/.aws/credentials`.
    Ini,
    /// A `.env` file.
    Dotenv,
    /// Shell lines that mask the secrets and fill `$GITHUB_ENV`.
    Github,
    /// What a container credentials endpoint answers.
    Container,
}

impl Format {
    /// All forms with their names, in the order the documentation lists them.
    pub const ALL: [(&'static str, Format); 11] = [
        ("process", Format::Process),
        ("env", Format::Env),
        ("env-no-export", Format::EnvNoExport),
        ("fish", Format::Fish),
        ("powershell", Format::PowerShell),
        ("windows-cmd", Format::WindowsCmd),
        ("json", Format::Json),
        ("ini", Format::Ini),
        ("dotenv", Format::Dotenv),
        ("github", Format::Github),
        ("container", Format::Container),
    ];

    /// The form of this name.
    pub fn parse(name: &str) -> Option<Format> {
        let found = Format::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, format)| *format)
    }

    /// The media type of the text.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Process | Format::Json | Format::Container => "application/json",
            _ => "text/plain; charset=utf-8",
        }
    }
}

/// Credentials and what belongs beside them.
#[derive(Clone, Debug)]
pub struct Delivery<'a> {
    /// The credentials.
    pub credentials: &'a SessionCredentials,
    /// The account they are of.
    pub account: &'a str,
    /// The role taken.
    pub role_arn: &'a str,
    /// Whom they speak for.
    pub session_arn: &'a str,
    /// Region of the snippets; every one of them sets both variables, because botocore ignores
    /// `AWS_REGION`.
    pub region: &'a str,
    /// Endpoint of STS and IAM where it is not AWS's own.
    pub endpoint: Option<&'a str>,
    /// Section name for [`Format::Ini`].
    pub profile: &'a str,
    /// Why the credentials end sooner than was asked, if they do.
    pub clamped: Option<&'a str>,
}

/// One line of text, in parts, so that a page can mask the secret ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Shown.
    Plain(String),
    /// Masked until asked for.
    Secret(String),
}

/// A line.
pub type Line = Vec<Part>;

impl Delivery<'_> {
    /// The environment: name, value, and whether the value is secret.
    fn variables(&self) -> Vec<(&'static str, String, bool)> {
        let c = self.credentials;
        let mut variables = vec![
            ("AWS_ACCESS_KEY_ID", c.access_key_id.clone(), false),
            (
                "AWS_SECRET_ACCESS_KEY",
                c.secret_access_key.expose().clone(),
                true,
            ),
            ("AWS_SESSION_TOKEN", c.session_token.expose().clone(), true),
            ("AWS_CREDENTIAL_EXPIRATION", timestamp(c.expires), false),
            ("AWS_REGION", self.region.to_owned(), false),
            ("AWS_DEFAULT_REGION", self.region.to_owned(), false),
        ];
        if let Some(endpoint) = self.endpoint {
            variables.push(("AWS_ENDPOINT_URL_STS", endpoint.to_owned(), false));
            variables.push(("AWS_ENDPOINT_URL_IAM", endpoint.to_owned(), false));
        }
        variables
    }

    fn json(&self, format: Format) -> serde_json::Value {
        let c = self.credentials;
        let (secret, token) = (c.secret_access_key.expose(), c.session_token.expose());
        let expiration = timestamp(c.expires);
        match format {
            Format::Container => json!({
                "AccessKeyId": c.access_key_id,
                "SecretAccessKey": secret,
                "Token": token,
                "Expiration": expiration,
                "AccountId": self.account,
                "RoleArn": self.role_arn,
            }),
            Format::Process => json!({
                "Version": 1,
                "AccessKeyId": c.access_key_id,
                "SecretAccessKey": secret,
                "SessionToken": token,
                "Expiration": expiration,
                "AccountId": self.account,
            }),
            _ => json!({
                "Version": 1,
                "AccessKeyId": c.access_key_id,
                "SecretAccessKey": secret,
                "SessionToken": token,
                "Expiration": expiration,
                "AccountId": self.account,
                "RoleArn": self.role_arn,
                "AssumedRoleArn": self.session_arn,
                "Region": self.region,
                "EndpointUrl": self.endpoint,
                "Note": self.clamped,
            }),
        }
    }

    /// The lines of a form; joined by newlines they are its text.
    pub fn lines(&self, format: Format) -> Vec<Line> {
        let plain = |text: &str| Part::Plain(text.to_owned());
        let value = |value: String, secret: bool| match secret {
            true => Part::Secret(value),
            false => Part::Plain(value),
        };
        let each = |before: &str, between: &str, after: &str| -> Vec<Line> {
            self.variables()
                .into_iter()
                .map(|(name, text, secret)| {
                    let mut line = vec![
                        plain(&format!("{before}{name}{between}")),
                        value(text, secret),
                    ];
                    if !after.is_empty() {
                        line.push(plain(after));
                    }
                    line
                })
                .collect()
        };
        match format {
            Format::Env => each("export ", "=", ""),
            Format::EnvNoExport | Format::Dotenv => each("", "=", ""),
            Format::Fish => each("set -gx ", " ", ";"),
            Format::PowerShell => each("$Env:", "=\"", "\""),
            Format::WindowsCmd => each("set ", "=", ""),
            Format::Github => {
                let variables = self.variables();
                let masks = variables.iter().filter(|(_, _, secret)| *secret);
                let mut lines: Vec<Line> = masks
                    .map(|(_, text, _)| {
                        let secret = Part::Secret(text.clone());
                        vec![plain("echo '::add-mask::"), secret, plain("'")]
                    })
                    .collect();
                lines.extend(each("echo '", "=", "' >> \"$GITHUB_ENV\""));
                lines
            }
            Format::Ini => {
                let c = self.credentials;
                let mut lines = vec![
                    vec![plain(&format!("[{}]", self.profile))],
                    vec![plain(&format!("aws_access_key_id = {}", c.access_key_id))],
                    vec![
                        plain("aws_secret_access_key = "),
                        value(c.secret_access_key.expose().clone(), true),
                    ],
                    vec![
                        plain("aws_session_token = "),
                        value(c.session_token.expose().clone(), true),
                    ],
                    vec![plain(&format!("region = {}", self.region))],
                ];
                if let Some(endpoint) = self.endpoint {
                    // A credentials file cannot name a services section; `endpoint_url` would divert S3
                    // as well. So the endpoints are told, not set.
                    lines.push(vec![plain(&format!("# AWS_ENDPOINT_URL_STS={endpoint}"))]);
                }
                lines
            }
            Format::Process | Format::Json | Format::Container => {
                let text = serde_json::to_string_pretty(&self.json(format)).unwrap_or_default();
                let c = self.credentials;
                let secrets = [c.secret_access_key.expose(), c.session_token.expose()];
                text.lines()
                    .map(|line| split_secret(line, &secrets))
                    .collect()
            }
        }
    }

    /// The whole text of a form, with a newline at its end.
    pub fn text(&self, format: Format) -> String {
        let mut text = String::with_capacity(2048);
        for line in self.lines(format) {
            for part in line {
                let (Part::Plain(piece) | Part::Secret(piece)) = part;
                text.push_str(&piece);
            }
            text.push('\n');
        }
        text
    }
}

fn split_secret(line: &str, secrets: &[&String]) -> Line {
    for secret in secrets {
        if let Some((before, after)) = line.split_once(secret.as_str()) {
            return vec![
                Part::Plain(before.to_owned()),
                Part::Secret((*secret).clone()),
                Part::Plain(after.to_owned()),
            ];
        }
    }
    vec![Part::Plain(line.to_owned())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn text(format: Format) -> String {
        let credentials = SessionCredentials {
            access_key_id: "ASIAX".to_owned(),
            secret_access_key: Secret::new("sEcReT".to_owned()),
            session_token: Secret::new("tOkEn".to_owned()),
            expires: time::OffsetDateTime::UNIX_EPOCH,
        };
        let delivery = Delivery {
            credentials: &credentials,
            account: "111111111111",
            role_arn: "arn:aws:iam::111111111111:role/Deploy",
            session_arn: "arn:aws:sts::111111111111:assumed-role/Deploy/x",
            region: "us-east-1",
            endpoint: Some("http://127.0.0.1:8080"),
            profile: "deploy",
            clamped: None,
        };
        for line in delivery.lines(format) {
            for part in line {
                if let Part::Plain(text) = part {
                    assert!(!text.contains("sEcReT") && !text.contains("tOkEn"));
                }
            }
        }
        delivery.text(format)
    }

    #[test]
    fn every_form_carries_the_secret_masked_in_its_own_part() {
        for (name, format) in Format::ALL {
            assert_eq!(Format::parse(name), Some(format));
            let text = text(format);
            assert!(text.contains("sEcReT") && text.contains("tOkEn"), "{name}");
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{name}");
        }
        assert_eq!(Format::parse("xml"), None);
    }

    #[test]
    fn the_environment_form_exports_both_regions_and_the_endpoint() {
        insta::assert_snapshot!(text(Format::Env), @r"
        export AWS_ACCESS_KEY_ID=ASIAX
        export AWS_SECRET_ACCESS_KEY=sEcReT
        export AWS_SESSION_TOKEN=tOkEn
        export AWS_CREDENTIAL_EXPIRATION=1970-01-01T00:00:00Z
        export AWS_REGION=us-east-1
        export AWS_DEFAULT_REGION=us-east-1
        export AWS_ENDPOINT_URL_STS=http://127.0.0.1:8080
        export AWS_ENDPOINT_URL_IAM=http://127.0.0.1:8080
        ");
    }

    #[test]
    fn the_process_form_is_version_one() {
        let value: serde_json::Value = serde_json::from_str(&text(Format::Process)).unwrap();
        assert_eq!(value["Version"], 1);
        assert_eq!(value["Expiration"], "1970-01-01T00:00:00Z");
        assert_eq!(value["SessionToken"], "tOkEn");
    }

    #[test]
    fn the_container_form_says_token() {
        let value: serde_json::Value = serde_json::from_str(&text(Format::Container)).unwrap();
        assert_eq!(value["Token"], "tOkEn");
    }
}
