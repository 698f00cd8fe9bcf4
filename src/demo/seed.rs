//! What the demo is made of: accounts, people, and roles with policies that make sense.
//!
//! The configuration goes through the same loader as everybody's, so the demo shows nothing that a file
//! could not say.

use serde_json::{Value, json};

use crate::aws::arn::provider_name;
use crate::demo::idp::Person;
use crate::secret::Secret;

/// The account of engineers.
pub const DEV: &str = "111111111111";
/// The account of customers.
pub const PROD: &str = "222222222222";
/// What the broker, and the development account, call the SAML provider.
pub const CONTOSO: &str = "contoso";
/// The broker's client id at the demo's identity provider.
pub const CLIENT_ID: &str = "drawbridge";

/// Name, display name, groups. The password is the name.
pub const PEOPLE: [(&str, &str, &[&str]); 3] = [
    ("ann", "Ann Archer", &["engineering", "admins"]),
    ("bob", "Bob Baker", &["support"]),
    ("eve", "Eve Evans", &[]),
];

/// The people as the identity provider keeps them.
pub fn people() -> Vec<Person> {
    PEOPLE
        .iter()
        .map(|(name, display_name, groups)| Person {
            name: (*name).to_owned(),
            password: Secret::new((*name).to_owned()),
            display_name: (*display_name).to_owned(),
            email: format!("{name}@acme.example"),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        })
        .collect()
}

/// One role of the demo.
pub struct DemoRole {
    /// Twelve digits.
    pub account: &'static str,
    /// Its name; the ARN follows.
    pub name: &'static str,
    /// The alias, where `account/Name` is not enough.
    pub alias: Option<&'static str>,
    /// For people to read.
    pub description: &'static str,
    /// Shown in amber.
    pub production: bool,
    /// Whom it is for, in words, for `demo.json`.
    pub audience: &'static str,
    /// Trust policy.
    pub trust: Value,
    /// Permissions policies by name.
    pub policies: Vec<(&'static str, Value)>,
}

impl DemoRole {
    /// The role's ARN.
    pub fn arn(&self) -> String {
        crate::aws::arn::role("aws", self.account, "/", self.name)
    }

    /// What people call it.
    pub fn called(&self) -> String {
        let account = if self.account == DEV { "dev" } else { "prod" };
        match self.alias {
            Some(alias) => alias.to_owned(),
            None => format!("{account}/{}", self.name),
        }
    }
}

fn group_trust(account: &str, issuer: &str, group: &str) -> Value {
    let provider = provider_name(issuer);
    json!({
        "Sid": format!("{}{}", group.get(..1).unwrap_or_default().to_uppercase(), group.get(1..).unwrap_or_default()),
        "Effect": "Allow",
        "Principal": { "Federated": format!("arn:aws:iam::{account}:oidc-provider/{provider}") },
        "Action": ["sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity"],
        "Condition": {
            "StringEquals": { format!("{provider}:aud"): CLIENT_ID },
            "ForAnyValue:StringEquals": { format!("{provider}:groups"): group },
        },
    })
}

fn document(statements: Vec<Value>) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn allow(actions: &[&str], resources: &[&str]) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

/// Where the broker takes the responses of `contoso`.
pub fn acs_url(broker: &str) -> String {
    format!("{broker}/saml/{CONTOSO}/acs")
}

/// The SAML provider of the development account.
pub fn saml_provider_arn() -> String {
    crate::aws::arn::saml_provider("aws", DEV, CONTOSO)
}

/// By way of the broker, or straight at the STS with a response for AWS.
fn saml_trust(broker: &str, groups: &[&str]) -> Value {
    json!({
        "Sid": "AnalystsOfContoso",
        "Effect": "Allow",
        "Principal": { "Federated": saml_provider_arn() },
        "Action": ["sts:AssumeRoleWithSAML", "sts:SetSourceIdentity"],
        "Condition": {
            "StringEquals": { "saml:aud": [acs_url(broker), "https://signin.aws.amazon.com/saml"] },
            "ForAnyValue:StringEquals": { "saml:edupersonaffiliation": groups },
        },
    })
}

/// The roles, for an identity provider at `acme` and a CI platform at `ci`, with the broker at `broker`.
pub fn roles(acme: &str, ci: &str, broker: &str) -> Vec<DemoRole> {
    let ci_provider = provider_name(ci);
    let read_only = "arn:aws:iam::222222222222:role/ReadOnly";
    vec![
        DemoRole {
            account: DEV,
            name: "Developer",
            alias: None,
            description: "Build and deploy to the development account",
            production: false,
            audience: "group engineering at acme",
            trust: document(vec![group_trust(DEV, acme, "engineering")]),
            policies: vec![(
                "Build",
                document(vec![
                    allow(&["s3:*"], &["arn:aws:s3:::dev-*", "arn:aws:s3:::dev-*/*"]),
                    allow(&["iam:Get*", "iam:List*"], &["*"]),
                    allow(
                        &["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
                        &[read_only],
                    ),
                ]),
            )],
        },
        DemoRole {
            account: DEV,
            name: "Support",
            alias: None,
            description: "Look at tickets and logs",
            production: false,
            audience: "group support at acme",
            trust: document(vec![group_trust(DEV, acme, "support")]),
            policies: vec![(
                "Look",
                document(vec![allow(
                    &["s3:GetObject", "s3:ListBucket"],
                    &["arn:aws:s3:::dev-logs", "arn:aws:s3:::dev-logs/*"],
                )]),
            )],
        },
        DemoRole {
            account: DEV,
            name: "Analyst",
            alias: None,
            description: "Read reports and query the data behind them",
            production: false,
            audience: "groups engineering and support at contoso, by SAML",
            trust: document(vec![saml_trust(broker, &["engineering", "support"])]),
            policies: vec![(
                "Analyse",
                document(vec![
                    allow(
                        &["s3:GetObject", "s3:ListBucket"],
                        &["arn:aws:s3:::dev-data", "arn:aws:s3:::dev-data/*"],
                    ),
                    allow(
                        &["s3:GetObject", "s3:PutObject"],
                        &["arn:aws:s3:::dev-reports/*"],
                    ),
                ]),
            )],
        },
        DemoRole {
            account: DEV,
            name: "Deploy",
            alias: Some("deploy"),
            description: "Jobs of acme/app on its main branch",
            production: false,
            audience: "job tokens of acme/app on refs/heads/main",
            trust: document(vec![json!({
                "Sid": "MainBranch",
                "Effect": "Allow",
                "Principal": { "Federated": format!("arn:aws:iam::{DEV}:oidc-provider/{ci_provider}") },
                "Action": ["sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity"],
                "Condition": { "StringEquals": {
                    format!("{ci_provider}:aud"): broker,
                    format!("{ci_provider}:sub"): "repo:acme/app:ref:refs/heads/main",
                } },
            })]),
            policies: vec![(
                "Deploy",
                document(vec![allow(
                    &["s3:PutObject", "s3:GetObject", "s3:ListBucket"],
                    &["arn:aws:s3:::dev-app", "arn:aws:s3:::dev-app/*"],
                )]),
            )],
        },
        DemoRole {
            account: PROD,
            name: "ReadOnly",
            alias: None,
            description: "Look at production, change nothing",
            production: true,
            audience: "group engineering at acme; sessions of dev/Developer",
            trust: document(vec![
                group_trust(PROD, acme, "engineering"),
                json!({
                    "Sid": "FromDevelopment",
                    "Effect": "Allow",
                    "Principal": { "AWS": format!("arn:aws:iam::{DEV}:role/Developer") },
                    "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
                }),
            ]),
            policies: vec![(
                "Read",
                document(vec![
                    allow(&["s3:Get*", "s3:List*"], &["*"]),
                    allow(&["iam:Get*", "iam:List*"], &["*"]),
                ]),
            )],
        },
        DemoRole {
            account: PROD,
            name: "Administrator",
            alias: None,
            description: "Everything, in production",
            production: true,
            audience: "group admins at acme",
            trust: document(vec![group_trust(PROD, acme, "admins")]),
            policies: vec![("Everything", document(vec![allow(&["*"], &["*"])]))],
        },
    ]
}

/// Where the demo's parts are.
pub struct Places<'a> {
    /// The broker, as people reach it.
    pub broker: &'a str,
    /// The address it listens on.
    pub listen: &'a str,
    /// Issuer of the people's tokens.
    pub acme: &'a str,
    /// Where the SAML provider's metadata is.
    pub contoso: &'a str,
    /// Issuer of the job tokens.
    pub ci: &'a str,
    /// Accounts beside the two of the demo.
    pub more_accounts: &'a [String],
}

/// The demo's configuration as a file would have it.
pub fn configuration(places: &Places<'_>) -> String {
    let text = |value: &str| Value::String(value.to_owned()).to_string();
    let mut accounts = vec![
        (DEV.to_owned(), "dev".to_owned()),
        (PROD.to_owned(), "prod".to_owned()),
    ];
    for account in places.more_accounts {
        accounts.push((account.clone(), format!("account-{account}")));
    }
    let accounts: Vec<String> = accounts
        .iter()
        .map(|(id, name)| format!("{{ id = {}, name = {} }}", text(id), text(name)))
        .collect();
    let mut file = format!(
        "public_url = {}\nlisten = {}\n\n[metrics]\nlisten = \"\"\n\n\
         # Whoever tries the demo tries things that fail, and everybody is one source.\n\
         [limits]\nfailures = 10000\nfailures_per_second = 1000\n\n\
         [[idp]]\nid = \"acme\"\nkind = \"oidc\"\nname = \"Acme\"\nissuer = {}\nclient_id = {}\n\
         prompt = \"login\"\n\n\
         [[idp]]\nid = {}\nkind = \"saml\"\nname = \"Contoso\"\nmetadata_url = {}\n\
         profile = \"generic\"\ngroups_attribute = \"groups\"\n\
         name_attribute = \"urn:oid:2.16.840.1.113730.3.1.241\"\n\
         email_attribute = \"urn:oid:0.9.2342.19200300.100.1.3\"\n\n\
         [[ci]]\nname = \"Demo CI\"\nissuer = {}\naudience = {}\n\n\
         [[sts]]\nid = \"local\"\nkind = \"embedded\"\naccounts = [{}]\n\
         management_account = {}\n",
        text(places.broker),
        text(places.listen),
        text(places.acme),
        text(CLIENT_ID),
        text(CONTOSO),
        text(places.contoso),
        text(places.ci),
        text(places.broker),
        accounts.join(", "),
        text(PROD),
    );
    for role in roles(places.acme, places.ci, places.broker) {
        file.push_str(&format!(
            "\n[[role]]\narn = {}\nsts = \"local\"\ndescription = {}\nproduction = {}\n\
             max_session_duration = \"12h\"\ntrust_policy = {}\n",
            text(&role.arn()),
            text(role.description),
            role.production,
            text(&role.trust.to_string()),
        ));
        if let Some(alias) = role.alias {
            file.push_str(&format!("alias = {}\n", text(alias)));
        }
        let policies: Vec<String> = role
            .policies
            .iter()
            .map(|(name, document)| format!("{} = {}", text(name), text(&document.to_string())))
            .collect();
        file.push_str(&format!("policies = {{ {} }}\n", policies.join(", ")));
    }
    file
}
