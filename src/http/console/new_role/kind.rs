//! The kinds of people and jobs that a role is commonly made for, and what has to be known of each.

/// For whom a role is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Jobs of a repository at GitHub.
    GitHub,
    /// Jobs of a project at GitLab.
    GitLab,
    /// Pods of a service account.
    Kubernetes,
    /// People of a group at an OpenID Connect provider.
    Oidc,
    /// People of a group at a SAML provider.
    Saml,
}

/// All kinds, in the order to show.
pub const KINDS: [Kind; 5] = [
    Kind::GitHub,
    Kind::GitLab,
    Kind::Kubernetes,
    Kind::Oidc,
    Kind::Saml,
];

/// A field of the form.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// Its name in the form.
    pub name: &'static str,
    /// What people read.
    pub label: &'static str,
    /// What to put in, in a sentence.
    pub hint: &'static str,
    /// An example.
    pub example: &'static str,
    /// What stands in it at first.
    pub initial: &'static str,
    /// The values to choose from, with their words; none for a text.
    pub choices: &'static [(&'static str, &'static str)],
    /// Whether it may be left empty.
    pub need: Need,
}

/// Whether a field has to be filled in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Need {
    /// Always.
    #[default]
    Always,
    /// It depends on what was chosen elsewhere.
    Sometimes,
    /// Never: empty has a meaning of its own.
    Never,
}

const fn text(name: &'static str, label: &'static str, example: &'static str) -> Field {
    Field {
        name,
        label,
        hint: "",
        example,
        initial: "",
        choices: &[],
        need: Need::Always,
    }
}

const AUDIENCE: Field = Field {
    hint: "What the token is issued for. Empty: what the provider knows already, or this broker.",
    need: Need::Never,
    ..text("audience", "Audience", "sts.amazonaws.com")
};

const fn issuer(initial: &'static str, example: &'static str) -> Field {
    Field {
        initial,
        ..text("issuer", "Issuer", example)
    }
}

const GITHUB: [Field; 9] = [
    text("owner", "Owner", "acme"),
    text("repository", "Repository", "app"),
    Field {
        initial: "branch",
        choices: &[
            ("branch", "one branch"),
            ("environment", "one environment"),
            ("tag", "one tag"),
            ("pull_request", "pull requests"),
            ("any", "any job of the repository"),
        ],
        ..text("scope", "Which jobs", "")
    },
    Field {
        hint: "Of the branch, environment or tag.",
        initial: "main",
        need: Need::Sometimes,
        ..text("scope_name", "Its name", "main")
    },
    Field {
        hint: "Repositories made, renamed or moved since July 2026 say names and numbers. Numbers keep out whoever gets the name later.",
        initial: "both",
        choices: &[
            ("both", "with and without numbers"),
            ("ids", "with numbers only"),
            ("names", "names only"),
        ],
        ..text("form", "Form of the subject", "")
    },
    Field {
        hint: "Not needed for names only. gh api repos/acme/app --jq .owner.id says it.",
        need: Need::Sometimes,
        ..text("owner_id", "Number of the owner", "1234567")
    },
    Field {
        hint: "Not needed for names only. gh api repos/acme/app --jq .id says it.",
        need: Need::Sometimes,
        ..text("repository_id", "Number of the repository", "7654321")
    },
    Field {
        hint: "Another one for GitHub Enterprise.",
        ..issuer(
            "https://token.actions.githubusercontent.com",
            "https://token.actions.githubusercontent.com",
        )
    },
    AUDIENCE,
];

const GITLAB: [Field; 5] = [
    Field {
        hint: "With all its groups.",
        ..text("project", "Project", "acme/platform/app")
    },
    Field {
        initial: "branch",
        choices: &[
            ("branch", "one branch"),
            ("tag", "one tag"),
            ("any", "any job of the project"),
        ],
        ..text("scope", "Which jobs", "")
    },
    Field {
        hint: "Of the branch or tag.",
        initial: "main",
        need: Need::Sometimes,
        ..text("scope_name", "Its name", "main")
    },
    Field {
        hint: "Your own address where you run GitLab yourself.",
        ..issuer("https://gitlab.com", "https://gitlab.com")
    },
    AUDIENCE,
];

const KUBERNETES: [Field; 4] = [
    Field {
        hint: "kubectl get --raw /.well-known/openid-configuration says it.",
        ..issuer("", "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE")
    },
    text("namespace", "Namespace", "production"),
    text("service_account", "Service account", "app"),
    AUDIENCE,
];

const OIDC: [Field; 4] = [
    Field {
        hint: "Okta, Entra ID, Google, Keycloak: where people sign in.",
        ..issuer("", "https://example.okta.com")
    },
    Field {
        hint: "As the provider writes it; Entra ID writes object ids.",
        ..text("group", "Group", "engineering")
    },
    Field {
        hint: "The claim of the ID token that lists the groups.",
        initial: "groups",
        ..text("claim", "Claim", "groups")
    },
    Field {
        label: "Client id",
        hint: "The audience of the ID token. Empty: the one the provider knows already.",
        example: "0oa1b2c3d4e5",
        ..AUDIENCE
    },
];

const SAML: [Field; 4] = [
    Field {
        hint: "As it is called in this account.",
        ..text("provider", "SAML provider", "contoso")
    },
    Field {
        hint: "The condition key that carries the group.",
        initial: "saml:edupersonaffiliation",
        choices: &[
            ("saml:edupersonaffiliation", "eduPersonAffiliation"),
            ("saml:edupersonentitlement", "eduPersonEntitlement"),
            (
                "saml:edupersonscopedaffiliation",
                "eduPersonScopedAffiliation",
            ),
            (
                "saml:edupersonprimaryaffiliation",
                "eduPersonPrimaryAffiliation",
            ),
            ("saml:edupersonorgunitdn", "eduPersonOrgUnitDN"),
            ("saml:cn", "commonName"),
            ("saml:mail", "mail"),
            ("saml:sub", "the subject (NameID)"),
        ],
        ..text("attribute", "Attribute", "")
    },
    text("value", "Value", "engineering"),
    Field {
        hint: "Where the assertion is sent to (saml:aud). For people who sign in here that is /saml/ID/acs of this server, ID being the [[idp]]. Several with commas between them.",
        initial: "https://signin.aws.amazon.com/saml",
        ..text(
            "recipient",
            "Recipient",
            "https://signin.aws.amazon.com/saml",
        )
    },
];

impl Field {
    /// Whether the browser asks for it.
    pub fn is_required(&self) -> bool {
        self.need == Need::Always
    }

    /// Whether it says that it may be empty.
    pub fn is_optional(&self) -> bool {
        self.need == Need::Never
    }
}

impl Kind {
    /// The kind that a link names.
    pub fn named(name: &str) -> Option<Kind> {
        KINDS.into_iter().find(|kind| kind.name() == name)
    }

    /// Its name in links.
    pub fn name(self) -> &'static str {
        match self {
            Kind::GitHub => "github",
            Kind::GitLab => "gitlab",
            Kind::Kubernetes => "kubernetes",
            Kind::Oidc => "oidc",
            Kind::Saml => "saml",
        }
    }

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Kind::GitHub => "GitHub Actions",
            Kind::GitLab => "GitLab CI",
            Kind::Kubernetes => "Kubernetes",
            Kind::Oidc => "A group of people",
            Kind::Saml => "A group, by SAML",
        }
    }

    /// Whom it lets in.
    pub fn about(self) -> &'static str {
        match self {
            Kind::GitHub => "Jobs of one repository",
            Kind::GitLab => "Jobs of one project",
            Kind::Kubernetes => "Pods of one service account",
            Kind::Oidc => "Okta, Entra ID, Google: whoever is in it",
            Kind::Saml => "AD FS, Shibboleth: whoever is in it",
        }
    }

    /// What has to be known.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Kind::GitHub => &GITHUB,
            Kind::GitLab => &GITLAB,
            Kind::Kubernetes => &KUBERNETES,
            Kind::Oidc => &OIDC,
            Kind::Saml => &SAML,
        }
    }
}
