//! What the revocations come to, held so that asking costs nothing: a session goes by a handful of names, and each is
//! one look.
//!
//! | kind | id | cuts off |
//! | --- | --- | --- |
//! | session | access key id | that session |
//! | principal | unique id of a user, ARN of root | its sessions, and those it vouched for, whatever its name was then |
//! | principal | ARN of a session | every session of that name |
//! | principal | issuer, space, subject ([`subject_id`]) | what rests on evidence about one person or job; of SAML the issuer is the entity id, and the subject the `NameID` or what stands for it |
//! | role | ARN | every session of the role |
//! | idp | issuer or entity id ([`arn::provider_name`]), or ARN of a SAML provider | what rests on its evidence, in every account |
//!
//! "Evidence" here is everything between a sign-in and a session: web sessions, access tokens, and tokens of the
//! issuer itself that were made before the cut. Long-term access keys are not cut off but switched off.

use std::collections::HashMap;

use crate::aws::arn;
use crate::credentials::{RoleSession, SessionKind, VouchedFor};
use crate::identity::ClaimValue;
use crate::store::revocations::{Revocation, RevocationKind};

/// All cuts.
#[derive(Debug, Default)]
pub struct Cuts {
    issued_before: HashMap<(RevocationKind, String), i64>,
}

/// The id under which the evidence about one subject of an issuer is cut off. No issuer's name has a space in it.
pub fn subject_id(issuer: &str, subject: &str) -> String {
    format!("{} {subject}", arn::provider_name(issuer))
}

impl Cuts {
    /// Of these revocations.
    pub fn of(revocations: Vec<Revocation>) -> Cuts {
        let cuts = revocations.into_iter();
        let cuts = cuts.map(|cut| ((cut.kind, cut.id), cut.issued_before));
        Cuts {
            issued_before: cuts.collect(),
        }
    }

    fn cover(&self, kind: RevocationKind, id: String, issued_at: i64) -> bool {
        let cut = self.issued_before.get(&(kind, id));
        cut.is_some_and(|before| issued_at < *before)
    }

    /// Whether a session is cut off.
    pub fn cover_session(&self, session: &RoleSession) -> bool {
        if self.issued_before.is_empty() {
            return false;
        }
        let mut names = vec![
            (RevocationKind::Session, session.access_key_id.clone()),
            (RevocationKind::Principal, session.arn()),
        ];
        let holder = session.role_arn.clone();
        names.push(match session.kind {
            SessionKind::Role => (RevocationKind::Role, holder),
            _ => (RevocationKind::Principal, holder),
        });
        if session.kind != SessionKind::Role {
            names.push((RevocationKind::Principal, session.role_id.clone()));
        }
        for (key, value) in &session.federation {
            if let (Some(issuer), ClaimValue::One(subject)) = (key.strip_suffix(":sub"), value) {
                names.push((RevocationKind::Principal, subject_id(issuer, subject)));
            }
        }
        if let Some(provider) = &session.federated_provider {
            let issuer = arn::provider_of("oidc-provider", provider).map(|(_, issuer)| issuer);
            let id = issuer.unwrap_or_else(|| provider.clone());
            names.push((RevocationKind::Idp, id));
        }
        if let Some(VouchedFor { issuer, subject }) = &session.vouched_for {
            names.push((RevocationKind::Idp, arn::provider_name(issuer)));
            names.push((RevocationKind::Principal, subject_id(issuer, subject)));
            // Who is known by an attribute has a name of SAML beside it.
            if let Some(ClaimValue::One(name)) = session.federation.get("saml:sub") {
                names.push((RevocationKind::Principal, subject_id(issuer, name)));
            }
        }
        let mut names = names.into_iter();
        names.any(|(kind, id)| self.cover(kind, id, session.issued_at))
    }

    /// Whether evidence of an issuer about a subject is cut off.
    pub fn cover_evidence(&self, issuer: &str, subject: &str, issued_at: i64) -> bool {
        if self.issued_before.is_empty() {
            return false;
        }
        let subject = subject_id(issuer, subject);
        let issuer = arn::provider_name(issuer);
        self.cover(RevocationKind::Principal, subject, issued_at)
            || self.cover(RevocationKind::Idp, issuer, issued_at)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const ROLE: &str = "arn:aws:iam::111111111111:role/team/Deploy";
    const USER: &str = "arn:aws:iam::111111111111:user/ann";
    const CUT: i64 = 1000;

    fn session(kind: SessionKind, holder: &str) -> RoleSession {
        RoleSession {
            kind,
            access_key_id: "ASIAQNZGKIQY56JQ7WML".to_owned(),
            account: "111111111111".to_owned(),
            role_arn: holder.to_owned(),
            role_id: String::new(),
            session_name: "job".to_owned(),
            issued_at: CUT - 1,
            expires_at: CUT + 3600,
            inline_policy: None,
            policy_arns: Vec::new(),
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            source_identity: None,
            federation: BTreeMap::new(),
            federated_provider: None,
            vouched_for: None,
            chained: false,
            mfa_at: None,
            task: None,
        }
    }

    fn federated() -> RoleSession {
        let subject = ClaimValue::One("repo:a b".to_owned());
        RoleSession {
            federation: BTreeMap::from([("ci.example/x:sub".to_owned(), subject)]),
            federated_provider: Some(
                "arn:aws:iam::111111111111:oidc-provider/ci.example/x".to_owned(),
            ),
            ..session(SessionKind::Role, ROLE)
        }
    }

    fn cut(kind: RevocationKind, id: &str) -> Cuts {
        Cuts::of(vec![Revocation {
            kind,
            id: id.to_owned(),
            issued_before: CUT,
            revoked_by: "test".to_owned(),
            revoked_at: CUT,
        }])
    }

    #[test]
    fn each_kind_cuts_off_what_it_names() {
        use RevocationKind::{Idp, Principal, Role, Session};
        let role = "arn:aws:sts::111111111111:assumed-role/Deploy/job";
        let federated_user = "arn:aws:sts::111111111111:federated-user/job";
        let saml = "arn:aws:iam::111111111111:saml-provider/Okta";
        let by_saml = RoleSession {
            federated_provider: Some(saml.to_owned()),
            ..session(SessionKind::Role, ROLE)
        };
        for (kind, id, session) in [
            (Session, "ASIAQNZGKIQY56JQ7WML", federated()),
            (Principal, role, federated()),
            (Principal, "ci.example/x repo:a b", federated()),
            (Role, ROLE, federated()),
            (Idp, "ci.example/x", federated()),
            (Idp, saml, by_saml),
            (Principal, USER, session(SessionKind::User, USER)),
            (Principal, USER, session(SessionKind::FederatedUser, USER)),
            (
                Principal,
                federated_user,
                session(SessionKind::FederatedUser, USER),
            ),
        ] {
            let mut session = session;
            assert!(cut(kind, id).cover_session(&session), "{kind:?} {id}");
            session.issued_at = CUT;
            assert!(!cut(kind, id).cover_session(&session), "{kind:?} {id}");
        }
    }

    #[test]
    fn a_session_by_saml_is_cut_off_by_the_names_of_its_provider() {
        use RevocationKind::{Idp, Principal};
        let name = ClaimValue::One("ann".to_owned());
        let session = RoleSession {
            federation: BTreeMap::from([("saml:sub".to_owned(), name)]),
            federated_provider: Some("arn:aws:iam::111111111111:saml-provider/Okta".to_owned()),
            vouched_for: Some(VouchedFor {
                issuer: "https://idp.example/saml".to_owned(),
                subject: "4711".to_owned(),
            }),
            ..session(SessionKind::Role, ROLE)
        };
        for (kind, id) in [
            (Idp, "idp.example/saml"),
            (Principal, "idp.example/saml 4711"),
            (Principal, "idp.example/saml ann"),
        ] {
            assert!(cut(kind, id).cover_session(&session), "{kind:?} {id}");
        }
        for (kind, id) in [
            (Idp, "idp.example"),
            (Principal, "idp.example/saml bob"),
            (Principal, "other.example/saml ann"),
        ] {
            assert!(!cut(kind, id).cover_session(&session), "{kind:?} {id}");
        }
    }

    #[test]
    fn nothing_else_is_cut_off() {
        use RevocationKind::{Idp, Principal, Role, Session};
        for (kind, id) in [
            (Session, "ASIAQNZGKIQY56JQ7WMM"),
            (Principal, ROLE),
            (
                Principal,
                "arn:aws:sts::111111111111:assumed-role/Deploy/job2",
            ),
            (Principal, "ci.example/x repo:a"),
            (Role, "arn:aws:iam::111111111111:role/Deploy"),
            (Role, USER),
            (Idp, "ci.example"),
            (Idp, "ci.example/x repo:a b"),
        ] {
            assert!(!cut(kind, id).cover_session(&federated()), "{kind:?} {id}");
        }
        assert!(!Cuts::default().cover_session(&federated()));
        let user = session(SessionKind::User, USER);
        assert!(!cut(Role, USER).cover_session(&user));
    }

    #[test]
    fn evidence_is_cut_off_by_its_issuer_and_by_its_subject() {
        use RevocationKind::{Idp, Principal};
        let issuer = "https://ci.example/x";
        for cuts in [
            cut(Idp, "ci.example/x"),
            cut(Principal, &subject_id(issuer, "ann")),
        ] {
            assert!(cuts.cover_evidence(issuer, "ann", CUT - 1));
            assert!(!cuts.cover_evidence(issuer, "ann", CUT));
            assert!(!cuts.cover_evidence("https://other.example", "ann", CUT - 1));
        }
        let bob = cut(Principal, &subject_id(issuer, "bob"));
        assert!(!bob.cover_evidence(issuer, "ann", CUT - 1));
    }
}
