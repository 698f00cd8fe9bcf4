//! The same role for people who would rather keep it in a file: AWS CLI commands, and Terraform.

use serde_json::Value;

use super::who::Provider;

/// A role that is not made yet.
#[derive(Clone, Debug)]
pub struct Recipe<'a> {
    /// Where IAM is.
    pub endpoint: &'a str,
    /// The role's name.
    pub name: &'a str,
    /// What it is for; may be empty.
    pub description: &'a str,
    /// The longest session, in seconds.
    pub seconds: i64,
    /// The trust policy.
    pub trust: &'a Value,
    /// The managed policies to attach.
    pub policies: &'a [String],
    /// The provider, where the account does not have it yet, with the audience it must know.
    pub provider: Option<(&'a Provider, Option<&'a str>)>,
}

impl Recipe<'_> {
    /// The AWS CLI commands.
    pub fn commands(&self) -> String {
        let mut text = format!("export AWS_ENDPOINT_URL_IAM={}\n", quoted(self.endpoint));
        if let Some((provider, audience)) = self.provider {
            text.push('\n');
            text.push_str(&provider_command(provider, audience));
        }
        let seconds = self.seconds.to_string();
        let trust = format!("{:#}", self.trust);
        let mut options = vec![("--role-name", self.name)];
        if !self.description.is_empty() {
            options.push(("--description", self.description));
        }
        options.push(("--max-session-duration", &seconds));
        options.push(("--assume-role-policy-document", &trust));
        text.push('\n');
        text.push_str(&command("create-role", &options));
        for arn in self.policies {
            let options = [("--role-name", self.name), ("--policy-arn", arn)];
            text.push('\n');
            text.push_str(&command("attach-role-policy", &options));
        }
        text
    }

    /// The Terraform resources.
    pub fn terraform(&self) -> String {
        let mut text = String::new();
        if let Some((provider, audience)) = self.provider {
            text.push_str(&provider_resource(provider, audience));
            text.push('\n');
        }
        let label = label(self.name);
        text.push_str(&format!("resource \"aws_iam_role\" \"{label}\" {{\n"));
        let mut rows = vec![("name".to_owned(), hcl_text(self.name))];
        if !self.description.is_empty() {
            rows.push(("description".to_owned(), hcl_text(self.description)));
        }
        rows.push(("max_session_duration".to_owned(), self.seconds.to_string()));
        aligned(&mut text, &rows, 1);
        let trust = hcl(self.trust, 1);
        text.push_str(&format!(
            "\n  assume_role_policy = jsonencode({trust})\n}}\n"
        ));
        for arn in self.policies {
            let policy = arn.rsplit('/').next().unwrap_or_default();
            let policy = format!("{label}_{}", self::label(policy));
            text.push_str(&format!(
                "\nresource \"aws_iam_role_policy_attachment\" \"{policy}\" {{\n"
            ));
            let rows = [
                ("role".to_owned(), format!("aws_iam_role.{label}.name")),
                ("policy_arn".to_owned(), hcl_text(arn)),
            ];
            aligned(&mut text, &rows, 1);
            text.push_str("}\n");
        }
        text
    }
}

/// The AWS CLI command that makes a provider.
pub fn provider_command(provider: &Provider, audience: Option<&str>) -> String {
    match provider {
        Provider::Oidc { url } => {
            let mut options = vec![("--url", url.as_str())];
            options.extend(audience.map(|audience| ("--client-id-list", audience)));
            command("create-open-id-connect-provider", &options)
        }
        Provider::Saml { name } => {
            let options = [
                ("--name", name.as_str()),
                ("--saml-metadata-document", "file://metadata.xml"),
            ];
            command("create-saml-provider", &options)
        }
    }
}

/// The AWS CLI command that lets a provider that is there know one more audience.
pub fn audience_command(arn: &str, audience: &str) -> String {
    let options = [
        ("--open-id-connect-provider-arn", arn),
        ("--client-id", audience),
    ];
    command("add-client-id-to-open-id-connect-provider", &options)
}

fn command(name: &str, options: &[(&str, &str)]) -> String {
    let mut text = format!("aws iam {name}");
    for (option, value) in options {
        // What begins like an option would be taken for one.
        let joint = if value.starts_with('-') { '=' } else { ' ' };
        text.push_str(&format!(" \\\n  {option}{joint}{}", quoted(value)));
    }
    text.push('\n');
    text
}

/// Whether the AWS CLI would take a value for the name of a file, and send what is in it: no quotes help against that.
pub fn names_a_file(value: &str) -> bool {
    value.starts_with("file://") || value.starts_with("fileb://")
}

/// A word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

fn provider_resource(provider: &Provider, audience: Option<&str>) -> String {
    match provider {
        Provider::Oidc { url } => {
            let host = url::Url::parse(url).ok();
            let host = host.and_then(|url| url.host_str().map(str::to_owned));
            let label = label(&host.unwrap_or_default());
            let known: Vec<String> = audience.iter().map(|one| hcl_text(one)).collect();
            let mut text = format!("resource \"aws_iam_openid_connect_provider\" \"{label}\" {{\n");
            let rows = [
                ("url".to_owned(), hcl_text(url)),
                (
                    "client_id_list".to_owned(),
                    format!("[{}]", known.join(", ")),
                ),
            ];
            aligned(&mut text, &rows, 1);
            text.push_str("}\n");
            text
        }
        Provider::Saml { name } => {
            let mut text = format!(
                "resource \"aws_iam_saml_provider\" \"{}\" {{\n",
                label(name)
            );
            let rows = [
                ("name".to_owned(), hcl_text(name)),
                (
                    "saml_metadata_document".to_owned(),
                    "file(\"metadata.xml\")".to_owned(),
                ),
            ];
            aligned(&mut text, &rows, 1);
            text.push_str("}\n");
            text
        }
    }
}

/// A name that Terraform takes for a resource.
fn label(name: &str) -> String {
    let letter = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_lowercase(),
        false => '_',
    };
    let label: String = name.chars().map(letter).collect();
    match label.starts_with(|c: char| c.is_ascii_lowercase()) {
        true => label,
        false => format!("r_{label}"),
    }
}

/// A quoted template without templates in it.
fn hcl_text(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted.replace("${", "$${").replace("%{", "%%{")
}

/// `name = value` lines, their signs under each other as `terraform fmt` puts them.
fn aligned(text: &mut String, rows: &[(String, String)], depth: usize) {
    let widest = rows.iter().map(|(name, _)| name.chars().count()).max();
    let (widest, indent) = (widest.unwrap_or(0), "  ".repeat(depth));
    for (name, value) in rows {
        text.push_str(&format!("{indent}{name:widest$} = {value}\n"));
    }
}

/// A JSON value as an HCL expression. Members of one line stand in columns; one of several lines begins anew.
fn hcl(value: &Value, depth: usize) -> String {
    let (inner, end) = ("  ".repeat(depth + 1), "  ".repeat(depth));
    match value {
        Value::Object(members) => {
            let mut text = "{\n".to_owned();
            let mut rows: Vec<(String, String)> = Vec::new();
            for (name, value) in members {
                let name = member_name(name);
                let value = hcl(value, depth + 1);
                if value.contains('\n') {
                    aligned(&mut text, &rows, depth + 1);
                    rows.clear();
                    text.push_str(&format!("{inner}{name} = {value}\n"));
                } else {
                    rows.push((name, value));
                }
            }
            aligned(&mut text, &rows, depth + 1);
            format!("{text}{end}}}")
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| hcl(item, depth + 1)).collect();
            let long: usize = items.iter().map(String::len).sum();
            if long < 60 && !items.iter().any(|item| item.contains('\n')) {
                return format!("[{}]", items.join(", "));
            }
            let items = items.iter().map(|item| format!("{inner}{item},\n"));
            format!("[\n{}{end}]", items.collect::<String>())
        }
        Value::String(text) => hcl_text(text),
        other => other.to_string(),
    }
}

fn member_name(name: &str) -> String {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match first && name.chars().all(plain) {
        true => name.to_owned(),
        false => hcl_text(name),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn recipe<'a>(trust: &'a Value, policies: &'a [String], provider: &'a Provider) -> Recipe<'a> {
        Recipe {
            endpoint: "https://sso.example.com",
            name: "Deploy",
            description: "It's ours",
            seconds: 3600,
            trust,
            policies,
            provider: Some((provider, Some("sts.amazonaws.com"))),
        }
    }

    #[test]
    fn commands_are_quoted_for_a_shell() {
        let provider = Provider::Oidc {
            url: "https://gitlab.com".to_owned(),
        };
        let trust = json!({ "Version": "2012-10-17" });
        let policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()];
        insta::assert_snapshot!(recipe(&trust, &policies, &provider).commands(), @r#"
        export AWS_ENDPOINT_URL_IAM=https://sso.example.com

        aws iam create-open-id-connect-provider \
          --url https://gitlab.com \
          --client-id-list sts.amazonaws.com

        aws iam create-role \
          --role-name Deploy \
          --description 'It'\''s ours' \
          --max-session-duration 3600 \
          --assume-role-policy-document '{
          "Version": "2012-10-17"
        }'

        aws iam attach-role-policy \
          --role-name Deploy \
          --policy-arn arn:aws:iam::aws:policy/ReadOnlyAccess
        "#);
    }

    #[test]
    fn terraform_is_as_its_formatter_writes_it() {
        let provider = Provider::Oidc {
            url: "https://gitlab.com".to_owned(),
        };
        let trust = json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "GitLab",
            "Effect": "Allow",
            "Principal": { "Federated": "arn" },
            "Action": ["sts:A", "sts:B"],
            "Condition": { "StringEquals": { "gitlab.com:aud": "${x}", "gitlab.com:subject": "%{y}\"" } },
        }] });
        let policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()];
        insta::assert_snapshot!(recipe(&trust, &policies, &provider).terraform(), @r#"
        resource "aws_iam_openid_connect_provider" "gitlab_com" {
          url            = "https://gitlab.com"
          client_id_list = ["sts.amazonaws.com"]
        }

        resource "aws_iam_role" "deploy" {
          name                 = "Deploy"
          description          = "It's ours"
          max_session_duration = 3600

          assume_role_policy = jsonencode({
            Version = "2012-10-17"
            Statement = [
              {
                Sid    = "GitLab"
                Effect = "Allow"
                Principal = {
                  Federated = "arn"
                }
                Action = ["sts:A", "sts:B"]
                Condition = {
                  StringEquals = {
                    "gitlab.com:aud"     = "$${x}"
                    "gitlab.com:subject" = "%%{y}\""
                  }
                }
              },
            ]
          })
        }

        resource "aws_iam_role_policy_attachment" "deploy_readonlyaccess" {
          role       = aws_iam_role.deploy.name
          policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
        }
        "#);
    }

    #[test]
    fn what_begins_like_an_option_is_none() {
        assert_eq!(
            command(
                "create-role",
                &[("--description", "--endpoint-url=https://x.example")]
            ),
            "aws iam create-role \\\n  --description=--endpoint-url=https://x.example\n"
        );
    }

    #[test]
    fn labels_are_names_to_terraform() {
        assert_eq!(label("Build-42.x"), "build_42_x");
        assert_eq!(label("42"), "r_42");
    }

    #[test]
    fn a_saml_provider_needs_its_metadata() {
        let provider = Provider::Saml {
            name: "contoso".to_owned(),
        };
        assert_eq!(
            provider_command(&provider, None),
            "aws iam create-saml-provider \\\n  --name contoso \\\n  --saml-metadata-document file://metadata.xml\n"
        );
        assert!(provider_resource(&provider, None).contains("file(\"metadata.xml\")"));
    }
}
