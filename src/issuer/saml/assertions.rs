//! Assertions of our own: what an STS that trusts us as its SAML provider exchanges for a role.
//!
//! The STS's account keeps our metadata as a SAML provider; a role there trusts that provider. [`Assertions::sign`]
//! says who somebody is and which role is meant, and AssumeRoleWithSAML takes it. Nobody is sent to us to sign in: an
//! assertion is made for one exchange that the broker carries out itself, and no browser ever holds it.
//!
//! Reference: SAML 2.0 Core 2.3 to 2.7, 3.3.3 and 8.3.7, Metadata 2.4.3; sts.md section 7; security.md SAML-23;
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html>

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::aws::saml::{AUDIENCE, endpoint, regional_endpoint};
use crate::aws::sts::Tag;
use crate::clock::{Random, random_token};
use crate::identity::Identity;
use crate::issuer::IssuerError;
use crate::issuer::saml::attributes::attributes;
use crate::issuer::saml::{HeldKeys, SamlKeys, signing};
use crate::saml::describe::IdentityProvider;
use crate::saml::issue::{Signed, Statement, issue};
use crate::saml::response::NameId;
use crate::saml::{WriteError, names};
use crate::secret::Secret;

/// Seconds within which an assertion must be exchanged: AWS takes none that is older.
pub const LIFETIME_SECONDS: i64 = 300;
/// Seconds by which it holds before it was made, for clocks that are behind.
const BEGUN_BEFORE: i64 = 60;
/// How somebody signed in with the provider behind us is not ours to say.
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";

/// The STS that an assertion is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingSts {
    /// Its endpoint for assertions: `Recipient` and `Destination`, and `saml:aud` there.
    pub recipient: String,
    /// Its name for itself.
    pub audience: String,
}

impl RelyingSts {
    /// AWS in a partition; `None` where AWS documents no endpoint.
    pub fn aws(partition: &str) -> Option<RelyingSts> {
        Some(RelyingSts {
            recipient: endpoint(partition)?.to_owned(),
            audience: AUDIENCE.to_owned(),
        })
    }

    /// AWS in one region of the partition `aws`.
    pub fn aws_region(region: &str) -> RelyingSts {
        RelyingSts {
            recipient: regional_endpoint(region),
            audience: AUDIENCE.to_owned(),
        }
    }
}

/// By what name somebody is known to the STS: `saml:sub` there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KnownBy {
    /// A name that stays, tells nothing, and is another one for each audience (Core 8.3.7).
    #[default]
    Persistent,
    /// The e-mail address, for trust policies that people read. Addresses are given to somebody else in time.
    Email,
}

/// What an assertion is to say.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Whom it is about.
    pub identity: &'a Identity,
    /// The STS it is for.
    pub sts: &'a RelyingSts,
    /// The one role that it can be exchanged for.
    pub role_arn: &'a str,
    /// The provider by which the role's account knows us.
    pub provider_arn: &'a str,
    /// `SessionDuration`, seconds.
    pub duration: Option<i64>,
    /// `SourceIdentity`; the role must admit `sts:SetSourceIdentity`.
    pub source_identity: Option<&'a str>,
    /// `PrincipalTag:{key}`; the role must admit `sts:TagSession`.
    pub tags: &'a [Tag],
    /// `TransitiveTagKeys`: those of the tags that travel on.
    pub transitive_tag_keys: &'a [String],
    /// The name.
    pub known_by: KnownBy,
}

/// A signed response on its way to the STS.
#[derive(Debug)]
pub struct SignedAssertion {
    /// The parameter `SAMLAssertion`: base64. It is worth a session of the role while it lasts.
    pub parameter: Secret<String>,
    /// `ID` of the assertion, for the trail.
    pub id: String,
    /// Which key signed.
    pub key_id: String,
    /// SHA-256 of the response, base64url: what the trail keeps instead of it.
    pub sha256: String,
    /// The first moment at which it no longer holds, seconds since 1970.
    pub ends_at: i64,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum AssertionError {
    /// The sign-in has ended: it speaks for nobody any more.
    #[error("the sign-in has ended")]
    Ended,
    /// Not a role that can stand in a pair with a provider.
    #[error("the role is not named by an ARN that can stand beside a provider's")]
    Role,
    /// Not a SAML provider of the role's account.
    #[error("the provider is not one of the role's account")]
    Provider,
    /// Outside what `SessionDuration` may say.
    #[error("the duration is outside 900 to 43200 seconds")]
    Duration,
    /// Not a source identity.
    #[error("the source identity is not a legal one")]
    SourceIdentity,
    /// More than 50 tags, one that is not legal, one key twice, or a transitive key without its tag.
    #[error("the tags are not legal session tags")]
    Tags,
    /// Nobody knows an e-mail address.
    #[error("there is no e-mail address to go by")]
    Email,
    /// Our keys.
    #[error(transparent)]
    Keys(#[from] IssuerError),
    /// Something that XML or a calendar cannot hold, or the library.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Drawbridge as a SAML identity provider.
pub struct Assertions {
    entity_id: String,
    sso_url: String,
    keys: SamlKeys,
    random: Arc<dyn Random>,
}

impl Assertions {
    /// The provider of this entity id. Its metadata must name an endpoint that people are sent to (AWS takes none
    /// without): `sso_url`.
    pub fn new(
        entity_id: String,
        sso_url: String,
        keys: SamlKeys,
        random: Arc<dyn Random>,
    ) -> Assertions {
        Assertions {
            entity_id,
            sso_url,
            keys,
            random,
        }
    }

    /// Our entity id: the issuer of everything that is signed here.
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// The keys of this party.
    pub fn keys(&self) -> &SamlKeys {
        &self.keys
    }

    /// The keys alone.
    pub fn into_keys(self) -> SamlKeys {
        self.keys
    }

    /// Our metadata, with the certificates of all keys: those that sign, those that will, those that did.
    ///
    /// It is not signed itself and says nothing of how long it is good for: who registers it keeps it until they are
    /// given another.
    ///
    /// # Errors
    /// [`AssertionError::Keys`].
    pub async fn metadata(&self, now: i64) -> Result<String, AssertionError> {
        let keys: HeldKeys = self.keys.keys(now).await?;
        let ours: Vec<&[u8]> = keys
            .iter()
            .map(|key| key.credential.certificate_der())
            .collect();
        let formats = [persistent(), names::EMAIL_ADDRESS.to_owned()];
        let formats = formats.each_ref().map(String::as_str);
        let described = IdentityProvider {
            entity_id: &self.entity_id,
            signing: &ours,
            sso_url: &self.sso_url,
            slo_url: None,
            name_id_formats: &formats,
            want_authn_requests_signed: false,
            valid_until: None,
        };
        Ok(described.element()?.canonical()?)
    }

    /// Signs an assertion, and the response around it.
    ///
    /// It holds for five minutes and once. What comes of it ends with the sign-in, whatever duration is asked for.
    ///
    /// # Errors
    /// Every [`AssertionError`].
    pub async fn sign(
        &self,
        wanted: &Wanted<'_>,
        now: i64,
    ) -> Result<SignedAssertion, AssertionError> {
        let identity = wanted.identity;
        if identity.valid_until <= now {
            return Err(AssertionError::Ended);
        }
        let attributes = attributes(wanted)?;
        let name_id = self.name_id(wanted)?;
        let keys = self.keys.keys(now).await?;
        let unreadable = || IssuerError::Unreadable("saml-idp".to_owned());
        let key = signing(&keys, now).ok_or_else(unreadable)?;
        let id = format!("_{}", random_token(&*self.random, 32));
        let ends_at = (now + LIFETIME_SECONDS).min(identity.valid_until);
        let statement = Statement {
            response_id: &format!("_{}", random_token(&*self.random, 32)),
            assertion_id: &id,
            issuer: &self.entity_id,
            destination: &wanted.sts.recipient,
            recipient: &wanted.sts.recipient,
            audience: &wanted.sts.audience,
            in_response_to: None,
            issued_at: now,
            not_before: now - BEGUN_BEFORE,
            not_on_or_after: ends_at,
            name_id: &name_id,
            authn_instant: identity.issued_at.min(now),
            authn_context: UNSPECIFIED,
            // There is no logout that could name it, but every provider sends one.
            session_index: Some(&id),
            session_not_on_or_after: Some(identity.valid_until),
            attributes: &attributes,
            one_time_use: true,
        };
        let response = Secret::new(issue(&statement, &key.credential, Signed::Both, None)?);
        let bytes = response.expose().as_bytes();
        Ok(SignedAssertion {
            sha256: URL_SAFE_NO_PAD.encode(Sha256::digest(bytes)),
            parameter: Secret::new(STANDARD.encode(bytes)),
            key_id: key.id.clone(),
            id,
            ends_at,
        })
    }

    fn name_id(&self, wanted: &Wanted<'_>) -> Result<NameId, AssertionError> {
        let (identity, audience) = (wanted.identity, &wanted.sts.audience);
        if wanted.known_by == KnownBy::Email {
            return Ok(NameId {
                value: identity.email.clone().ok_or(AssertionError::Email)?,
                format: Some(names::EMAIL_ADDRESS.to_owned()),
                name_qualifier: None,
                sp_name_qualifier: None,
            });
        }
        let mut digest = Sha256::new();
        // The key of the identity, for this audience. Lengths keep apart what would run together.
        for part in [
            &self.entity_id,
            audience,
            &identity.provider,
            &identity.subject,
        ] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        Ok(NameId {
            value: URL_SAFE_NO_PAD.encode(digest.finalize()),
            format: Some(persistent()),
            name_qualifier: Some(self.entity_id.clone()),
            sp_name_qualifier: Some(audience.clone()),
        })
    }
}

/// Core 8.3.7.
fn persistent() -> String {
    format!("{}persistent", names::NAMEID_FORMAT)
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::clock::FixedRandom;
    use crate::identity::EvidenceKind;
    use crate::issuer::saml::Party;
    use crate::saml::{SigningKey, testing};
    use crate::seal::KeyRing;
    use crate::store::Store;

    const NOW: i64 = 1_772_366_400;
    const ROLE: &str = "arn:aws:iam::111111111111:role/team/Dev";
    const PROVIDER: &str = "arn:aws:iam::111111111111:saml-provider/Drawbridge";

    struct Desk {
        assertions: Assertions,
        _directory: tempfile::TempDir,
    }

    fn desk() -> Desk {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("store").display());
        let ring = KeyRing::parse(&KeyRing::generate([1; 32], 0)).unwrap();
        let random: Arc<dyn Random> = Arc::new(FixedRandom::new(1));
        let keys = SamlKeys::new(
            Party::IdentityProvider,
            "sso.example.com",
            Store::open(&url).unwrap(),
            Arc::new(ring),
            random.clone(),
        );
        let keys = keys.give(testing::credential(SigningKey::generate_p256().unwrap()));
        let entity_id = "https://sso.example.com/saml/idp/metadata".to_owned();
        Desk {
            assertions: Assertions::new(entity_id, "https://sso.example.com/".into(), keys, random),
            _directory: directory,
        }
    }

    pub fn ann() -> Identity {
        Identity {
            provider: "acme".to_owned(),
            kind: EvidenceKind::Oidc,
            issuer: "https://acme.example".to_owned(),
            subject: "ann-1".to_owned(),
            audience: "drawbridge".to_owned(),
            display_name: "Ann".to_owned(),
            email: Some("ann@acme.example".to_owned()),
            groups: Vec::new(),
            claims: Default::default(),
            sts_claims: Default::default(),
            issued_at: NOW - 100,
            valid_until: NOW + 7200,
            key_id: None,
            token_id: None,
            saml: None,
            evidence_sha256: String::new(),
        }
    }

    static AWS: LazyLock<RelyingSts> = LazyLock::new(|| RelyingSts::aws("aws").unwrap());

    /// No more than must be said.
    pub fn wanted(identity: &Identity) -> Wanted<'_> {
        Wanted {
            identity,
            sts: &AWS,
            role_arn: ROLE,
            provider_arn: PROVIDER,
            duration: None,
            source_identity: None,
            tags: &[],
            transitive_tag_keys: &[],
            known_by: KnownBy::Persistent,
        }
    }

    impl Desk {
        async fn sign(&self, wanted: &Wanted<'_>) -> Result<String, AssertionError> {
            let signed = self.assertions.sign(wanted, NOW).await?;
            assert!(!format!("{signed:?}").contains(signed.parameter.expose().as_str()));
            let decoded = STANDARD.decode(signed.parameter.expose()).unwrap();
            Ok(String::from_utf8(decoded).unwrap())
        }
    }

    fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
        let (_, rest) = text.split_once(before).unwrap();
        rest.split_once(after).unwrap().0
    }

    #[tokio::test]
    async fn an_assertion_says_who_and_which_role_and_nothing_more() {
        let response = desk().sign(&wanted(&ann())).await.unwrap();
        let statement = between(&response, "<saml:AttributeStatement>", "</saml:Assertion>");
        let value = |name: &str, value: &str| {
            format!(
                "<saml:Attribute Name=\"https://aws.amazon.com/SAML/Attributes/{name}\">\
                 <saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
            )
        };
        assert_eq!(
            statement,
            format!(
                "{}{}</saml:AttributeStatement>",
                value("Role", &format!("{ROLE},{PROVIDER}")),
                value("RoleSessionName", "ann@acme.example")
            )
        );
        assert_eq!(response.matches("<ds:Signature ").count(), 2);
        let conditions = between(&response, "<saml:Conditions ", "</saml:Conditions>");
        assert!(conditions.contains("NotBefore=\"2026-03-01T11:59:00Z\""));
        assert!(conditions.contains("NotOnOrAfter=\"2026-03-01T12:05:00Z\""));
        assert!(conditions.contains("<saml:Audience>urn:amazon:webservices</saml:Audience>"));
        assert!(conditions.ends_with("<saml:OneTimeUse></saml:OneTimeUse>"));
        assert!(response.contains("SessionNotOnOrAfter=\"2026-03-01T14:00:00Z\""));
        assert!(response.contains("Recipient=\"https://signin.aws.amazon.com/saml\""));
        assert!(!response.contains("ann-1"));
    }

    #[tokio::test]
    async fn what_is_asked_for_is_said() {
        let tags = [Tag {
            key: "Team".to_owned(),
            value: "R@1".to_owned(),
        }];
        let keys = ["team".to_owned()];
        let ann = ann();
        let all = Wanted {
            duration: Some(900),
            source_identity: Some("ann"),
            tags: &tags,
            transitive_tag_keys: &keys,
            known_by: KnownBy::Email,
            ..wanted(&ann)
        };
        let response = desk().sign(&all).await.unwrap();
        for (name, value) in [
            ("SessionDuration", "900"),
            ("SourceIdentity", "ann"),
            ("PrincipalTag:Team", "R@1"),
            ("TransitiveTagKeys", "team"),
        ] {
            let attribute = format!("/{name}\"><saml:AttributeValue>{value}<");
            assert!(response.contains(&attribute), "{attribute}");
        }
        let name = between(&response, "<saml:NameID ", "</saml:NameID>");
        assert!(name.ends_with(":1.1:nameid-format:emailAddress\">ann@acme.example"));
    }

    #[tokio::test]
    async fn a_persistent_name_stays_and_is_of_one_person_at_one_audience() {
        let desk = desk();
        let name = async |identity: &Identity, sts: &RelyingSts| {
            let wanted = Wanted {
                sts,
                ..wanted(identity)
            };
            let response = desk.sign(&wanted).await.unwrap();
            between(&response, "<saml:NameID ", "</saml:NameID>").to_owned()
        };
        let aws = RelyingSts::aws("aws").unwrap();
        let first = name(&ann(), &aws).await;
        let later = Identity {
            email: None,
            issued_at: NOW,
            ..ann()
        };
        assert_eq!(name(&later, &aws).await, first);
        assert_eq!(
            name(&ann(), &RelyingSts::aws_region("eu-west-1")).await,
            first
        );
        let other = RelyingSts {
            audience: "urn:other".to_owned(),
            ..aws.clone()
        };
        let elsewhere = Identity {
            provider: "acm".to_owned(),
            subject: "eann-1".to_owned(),
            ..ann()
        };
        assert_ne!(name(&ann(), &other).await, first);
        assert_ne!(name(&elsewhere, &aws).await, first);
    }

    #[tokio::test]
    async fn ids_serve_once() {
        let desk = desk();
        let id = |response: &str| between(response, " ID=\"", "\"").to_owned();
        let one = id(&desk.sign(&wanted(&ann())).await.unwrap());
        let two = id(&desk.sign(&wanted(&ann())).await.unwrap());
        assert_ne!(one, two);
        assert_eq!(one.len(), 44);
    }

    #[tokio::test]
    async fn an_assertion_does_not_outlive_the_sign_in() {
        let short = Identity {
            valid_until: NOW + 60,
            ..ann()
        };
        let response = desk().sign(&wanted(&short)).await.unwrap();
        assert_eq!(
            response
                .matches("NotOnOrAfter=\"2026-03-01T12:01:00Z\"")
                .count(),
            3
        );
        let ended = Identity {
            valid_until: NOW,
            ..ann()
        };
        let refused = desk().sign(&wanted(&ended)).await;
        assert!(matches!(refused, Err(AssertionError::Ended)));
    }

    #[tokio::test]
    async fn nobody_goes_by_an_address_that_nobody_knows() {
        let nameless = Identity {
            email: None,
            ..ann()
        };
        let wanted = Wanted {
            known_by: KnownBy::Email,
            ..wanted(&nameless)
        };
        let refused = desk().sign(&wanted).await;
        assert!(matches!(refused, Err(AssertionError::Email)));
    }
}
