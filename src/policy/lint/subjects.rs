//! Who can get a token from a shared issuer: everybody. So trust in one needs a condition on
//! *whose* token it is.
//!
//! The list follows the IAM User Guide's *Identity-provider controls for shared OIDC providers* and
//! adds the CI platforms that give every customer an issuer path of its own: there the path is the
//! tenant, but a subject still says which of its jobs.

use crate::policy::condition::{Condition, Wanted, WantedValue};
use crate::policy::context::RequestContext;
use crate::policy::document::Statement;
use crate::policy::lint::Severity;
use crate::policy::operator::{Comparison, Quantifier};
use crate::policy::pattern::Pattern;
use crate::policy::principal::EntryKind;

/// An issuer whose tokens many organisations get.
struct SharedProvider {
    /// Host and path, folded; with a slash at the end, everything below it.
    issuer: &'static str,
    /// The claim that says whose token it is.
    claim: &'static str,
    owner: Owner,
}

/// How a value of that claim names its owner.
enum Owner {
    /// Between a marker and the first of a delimiter: `repo:OWNER/`. Subjects that start otherwise
    /// name it in their first `name:value:`.
    Between(&'static str, char),
    /// The value as a whole; wildcards pin nothing.
    Whole,
}

use Owner::{Between, Whole};

const fn shared(issuer: &'static str, claim: &'static str, owner: Owner) -> SharedProvider {
    SharedProvider {
        issuer,
        claim,
        owner,
    }
}

const GITHUB: &str = "token.actions.githubusercontent.com";

const SHARED_PROVIDERS: [SharedProvider; 21] = [
    shared(GITHUB, "sub", Between("repo:", '/')),
    // An enterprise's own issuer: https://token.actions.githubusercontent.com/SLUG
    shared(
        "token.actions.githubusercontent.com/",
        "sub",
        Between("repo:", '/'),
    ),
    shared(
        "vstoken.actions.githubusercontent.com",
        "sub",
        Between("repo:", '/'),
    ),
    shared(
        "oidc-configuration.audit-log.githubusercontent.com",
        "sub",
        Whole,
    ),
    shared("gitlab.com", "sub", Between("project_path:", '/')),
    shared("agent.buildkite.com", "sub", Between("organization:", ':')),
    shared("app.terraform.io", "sub", Between("organization:", ':')),
    shared("oidc.circleci.com/org/", "sub", Between("org/", '/')),
    shared("oidc.codefresh.io", "sub", Between("account:", ':')),
    shared(
        "api.bitbucket.org/2.0/workspaces/",
        "sub",
        Between("{", '}'),
    ),
    shared("vstoken.dev.azure.com/", "sub", Between("sc://", '/')),
    shared("oidc.vercel.com", "aud", Whole),
    shared("oidc.vercel.com/", "sub", Between("owner:", ':')),
    shared("api.pulumi.com/oidc", "aud", Whole),
    shared("scalr.io", "sub", Between("account:", ':')),
    shared(
        "studio.datachain.ai/api",
        "sub",
        Between("credentials:", '/'),
    ),
    shared("proidc.upbound.io", "sub", Between("mcp:", '/')),
    shared("tokens.cloud.shisho.dev", "sub", Between("job:", ':')),
    shared("sandboxes.cloud", "aud", Whole),
    shared("cognito-identity.amazonaws.com", "aud", Whole),
    shared(
        "oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb",
        "sub",
        Whole,
    ),
];

/// Checks an Allow statement of a trust policy.
pub(super) fn lint(statement: &Statement, report: &mut impl FnMut(Severity, &'static str, String)) {
    let nothing = RequestContext::new();
    if !statement.covers_action("sts:AssumeRoleWithWebIdentity", &nothing) {
        return;
    }
    // An Allow with NotPrincipal covers nobody in a trust policy.
    let Some(principal) = statement.principal().filter(|element| !element.negated) else {
        return;
    };
    let federated = |kind: &EntryKind| *kind == EntryKind::Federated;
    for entry in principal
        .entries
        .iter()
        .filter(|entry| federated(&entry.kind))
    {
        let Some(issuer) = issuer(&entry.text) else {
            continue;
        };
        let on_claim = |claim: &str| {
            let key = format!("{issuer}:{claim}");
            let conditions = statement.conditions().iter();
            conditions.filter(move |condition| condition.folded_key() == key)
        };
        match SHARED_PROVIDERS.iter().find(|shared| shared.is(&issuer)) {
            Some(provider) => {
                let claim = provider.claim;
                let pinning =
                    || on_claim(claim).filter(|condition| provider.is_pinned_by(condition));
                if pinning().next().is_none() {
                    report(
                        Severity::Error,
                        "shared-provider-unpinned",
                        format!(
                            "{issuer} issues tokens to everybody: the statement needs a StringEquals or StringLike condition on {issuer}:{claim} whose every value names the owner"
                        ),
                    );
                } else if issuer.starts_with(GITHUB) {
                    let values = pinning().flat_map(Condition::wanted);
                    values.for_each(|value| weak_github_subject(&value.written, report));
                }
            }
            // A company's own issuer: its people and nobody else, but all of them.
            None => {
                let prefix = format!("{issuer}:");
                let on_provider = |c: &Condition| c.folded_key().starts_with(&prefix);
                if !statement.conditions().iter().any(on_provider) {
                    report(
                        Severity::Warning,
                        "provider-without-condition",
                        format!(
                            "everybody whom {issuer} vouches for may take the role; add a condition on {issuer}:sub, :aud or a claim"
                        ),
                    );
                }
            }
        }
    }
}

/// Host and path of an OIDC provider, folded; `None` for a SAML provider.
fn issuer(principal: &str) -> Option<String> {
    let issuer = match principal.split_once(":oidc-provider/") {
        Some((_, issuer)) => issuer,
        None if principal.starts_with("arn:") => return None,
        None => principal,
    };
    Some(issuer.trim_end_matches('/').to_lowercase())
}

impl SharedProvider {
    fn is(&self, issuer: &str) -> bool {
        if self.issuer.ends_with('/') {
            issuer.starts_with(self.issuer)
        } else {
            issuer == self.issuer
        }
    }

    /// Whether the condition admits the tokens of owners that it names, and no others.
    ///
    /// `IfExists` and `ForAllValues` are true of a token without the claim, a negated operator of
    /// nearly every token.
    fn is_pinned_by(&self, condition: &Condition) -> bool {
        let operator = condition.operator();
        matches!(
            operator.comparison,
            Comparison::StringEquals | Comparison::StringLike
        ) && !operator.negated
            && !operator.if_exists
            && operator.quantifier != Some(Quantifier::All)
            && condition
                .wanted()
                .iter()
                .all(|value| self.is_pinned_to(value))
    }

    fn is_pinned_to(&self, value: &WantedValue) -> bool {
        let Wanted::Text(pattern) = &value.parsed else {
            return false;
        };
        let (prefix, whole) = fixed_part(pattern);
        if whole {
            return !prefix.trim().is_empty();
        }
        let Between(marker, delimiter) = self.owner else {
            return false;
        };
        // Without the delimiter the owner goes on: `repo:acme*` admits `acme-evil/app`, and
        // `repo:acme-*` a stranger's `acme-1`.
        let owned = |rest: &str, delimiter| rest.find(delimiter).is_some_and(|at| at > 0);
        match prefix.strip_prefix(marker) {
            Some(rest) => owned(rest, delimiter),
            None => prefix
                .split_once(':')
                .is_some_and(|(name, rest)| !name.is_empty() && owned(rest, ':')),
        }
    }
}

/// What of a value is the same for every token. A wildcard ends it also where the operator takes it
/// literally: such a value admits nobody today, and everybody after the mending that it invites.
fn fixed_part(pattern: &Pattern) -> (&str, bool) {
    let (prefix, whole) = pattern.literal_prefix();
    match prefix.find(['*', '?']) {
        Some(at) => (prefix.get(..at).unwrap_or_default(), false),
        None => (prefix, whole),
    }
}

/// Values that name an owner and little more. Subjects that nobody can see are no business of ours:
/// `repo:acme/app:ref:…` and `repo:acme@1/app@2:ref:…` are both plain strings.
fn weak_github_subject(value: &str, report: &mut impl FnMut(Severity, &'static str, String)) {
    let Some(subject) = value.strip_prefix("repo:") else {
        let message = format!(
            "\"{value}\" does not start with `repo:`; what it names comes from the job's own repository, whoever owns that"
        );
        return report(Severity::Warning, "github-custom-subject", message);
    };
    let (repository, context) = subject.split_once(':').unwrap_or((subject, ""));
    let wild = |text: &str| text.contains(['*', '?']) || text.contains("${");
    if wild(repository) {
        let message = format!("\"{value}\" admits every repository that matches; name one");
        report(Severity::Warning, "github-any-repository", message);
    } else if ["*", "ref:*", "ref:refs/*", "ref:refs/heads/*"].contains(&context) {
        let message = format!(
            "\"{value}\" admits every ref, and with `*` alone every environment and pull request; name one"
        );
        report(Severity::Warning, "github-any-ref", message);
    } else if context == "pull_request" {
        let message = format!(
            "\"{value}\" admits the jobs of pull requests, which run what the request contains; give such a role nothing to write"
        );
        report(Severity::Warning, "github-pull-request", message);
    }
}
