//! AssumeRoleWithSAML: a role for whoever a SAML provider vouches for. Unsigned.
//!
//! Checks, in the order that AWS's answers show: constraints, session policies, the provider in the role's own
//! account, the response and its assertion, what it says to STS, the trust policy, the role's longest session, the
//! packed size. Where the assertion may be used once, that comes last: a wrong role does not spend it.
//!
//! Reference: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html>

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::access::Call;
use crate::aws::arn::{self, Arn};
use crate::aws::error::AwsError;
use crate::aws::query::Params;
use crate::aws::sts::{AssumeRoleWithSaml, AssumedRoleUser, SamlOutput};
use crate::saml::{SamlError, VerifiedAssertion, form};
use crate::store::cache::CachedSamlProvider;
use crate::sts::grant::{self, Ask, Evidence, Federated, GrantError};
use crate::sts::saml::attributes::{SamlAttributes, session_name_missing};
use crate::sts::saml::{NotVerified, keys, refusal};
use crate::sts::session::{self, Packed};
use crate::sts::{Answer, Denial, EmbeddedSts};

fn denied() -> AwsError {
    AwsError::federated_not_authorized(grant::SAML)
}

impl EmbeddedSts {
    /// Runs the operation.
    pub async fn assume_role_with_saml(
        &self,
        call: &mut Call,
        params: &Params,
    ) -> Result<Answer, Denial> {
        let input = AssumeRoleWithSaml::read(params)?;
        record(call, &input, None);
        let role_arn = Arn::parse(&input.role_arn)
            .filter(|arn| arn.role_name().is_some())
            .ok_or_else(AwsError::request_arn_invalid)?;
        let account = &role_arn.account;
        call.event.set("recipientAccountId", json!(account));
        call.event.set(
            "resources",
            json!([
                { "ARN": input.role_arn, "accountId": account, "type": "AWS::IAM::Role" },
                { "ARN": input.principal_arn, "accountId": account, "type": "AWS::IAM::SAMLProvider" },
            ]),
        );
        EmbeddedSts::check_policy_form(&input.policies)?;
        let provider = self.provider(&input.principal_arn, account).await?;
        let assertion = self.verify_assertion(call, &input, &provider).await?;
        let attributes = || {
            let attributes = assertion.attributes().iter();
            attributes.map(|it| (it.name.as_str(), it.values.as_slice()))
        };
        let said = SamlAttributes::read(attributes(), &input.principal_arn)?;
        record(call, &input, Some((&assertion, &said)));
        if !said.asserted.names_role(&input.role_arn) {
            return Err(AwsError::saml_role_not_given().into());
        }
        let session_name = said.session_name.ok_or_else(session_name_missing)?;
        EmbeddedSts::check_asserted(&said.asserted)?;
        let keys = keys::of_attributes(attributes());
        let keys = keys.map_err(|error| refusal(&error, &call.request_id))?;
        let name = assertion.name_id();
        let federated = Federated {
            provider_arn: input.principal_arn,
            account: account.clone(),
            issuer: assertion.issuer().to_owned(),
            subject: name.value.clone(),
            known_as: name.value.clone(),
            audience: assertion.recipient().to_owned(),
            evidence: Evidence::Saml {
                format: name.format.clone(),
                keys,
            },
            asserted: said.asserted,
            issued_at: assertion.issued_at().min(call.unix()),
            lasts: said.session_duration,
        };
        let found = self.cache.role(&input.role_arn).await?;
        let unknown = found.is_none();
        let role = found.unwrap_or_else(|| self.decoy.clone());
        let packed = Packed::measure(&federated.asserted.tags, &input.policies);
        let duration = input.duration.unwrap_or(federated.usual_duration());
        let policies = input.policies.clone();
        let ask = Ask {
            session_name: session_name.clone(),
            duration,
            policies: input.policies,
            offered_source_identity: None,
            ends_by: assertion.authn().session_ends_at,
        };
        let granted = self
            .grant(call, &role, &federated, ask)
            .map_err(|error| match error {
                GrantError::Refused(_) if unknown => denied().because("trust.no_role").into(),
                GrantError::Refused(refusal) => {
                    let context = federated.context(call, &role, &session_name, duration);
                    let (error, arn) = (denied(), &input.role_arn);
                    Denial::of(error, &refusal, arn, account, &context)
                }
                GrantError::TooLong => AwsError::duration_over_role().into(),
                GrantError::Internal(error) => error.into(),
            })?;
        self.check_managed_policies(&policies, account).await?;
        let packed_policy_size = packed.within_budget()?;
        self.use_up(call, &provider, &assertion).await?;
        let overhead = session::federation_overhead(&federated.subject);
        let user = AssumedRoleUser {
            assumed_role_id: granted.user_id,
            arn: granted.arn,
        };
        let output = SamlOutput {
            credentials: session::wire_credentials(&granted.credentials),
            user,
            packed_policy_size: (packed_policy_size + overhead).min(100),
            subject_type: keys::subject_type(name.format.as_deref()).to_owned(),
            name_qualifier: federated.name_qualifier(),
            subject: federated.subject,
            issuer: federated.issuer,
            audience: federated.audience,
            source_identity: granted.source_identity,
        };
        let mut elements = session::trail_elements(&granted.credentials, &output.user);
        for (member, value) in [
            ("subjectType", &output.subject_type),
            ("issuer", &output.issuer),
            ("nameQualifier", &output.name_qualifier),
            ("subject", &output.subject),
            ("audience", &output.audience),
        ] {
            if let Some(elements) = elements.as_object_mut() {
                elements.insert(member.to_owned(), json!(value));
            }
        }
        Ok(Answer {
            fields: output.fields(),
            elements,
            grants: true,
        })
    }

    /// The provider that the caller names; of the role's own account or none at all.
    async fn provider(&self, arn: &str, account: &str) -> Result<Arc<CachedSamlProvider>, Denial> {
        let (of, _) =
            arn::provider_of("saml-provider", arn).ok_or_else(AwsError::request_arn_invalid)?;
        let found = match of == account {
            true => self.cache.saml_provider(arn, &self.ring).await?,
            false => None,
        };
        Ok(found.ok_or_else(AwsError::saml_no_provider)?)
    }

    /// Verifies the response for the provider.
    async fn verify_assertion(
        &self,
        call: &mut Call,
        input: &AssumeRoleWithSaml,
        provider: &Arc<CachedSamlProvider>,
    ) -> Result<VerifiedAssertion, Denial> {
        call.issuer = Some(provider.entity_id.clone());
        let refused = |error: &SamlError, call: &Call| refusal(error, &call.request_id);
        let response = form::decode(input.assertion.expose());
        let response = response.map_err(|error| refused(&error, call))?;
        // The trail keeps this instead of the response.
        let sha256 = URL_SAFE_NO_PAD.encode(Sha256::digest(&response));
        call.event.set(
            "userIdentity",
            json!({ "type": "SAMLUser", "tokenSha256": sha256 }),
        );
        let judged = self.saml.judge(provider, response, call.unix()).await;
        let assertion = judged.map_err(|error| match error {
            NotVerified::Refused(error) => Denial::from(refused(&error, call)),
            NotVerified::Unavailable => AwsError::unavailable().into(),
        })?;
        let (account, name) = (&provider.provider.account, &provider.provider.name);
        let qualifier = keys::name_qualifier(assertion.issuer(), account, name);
        let subject = &assertion.name_id().value;
        call.event.set(
            "userIdentity",
            json!({
                "type": "SAMLUser",
                "principalId": format!("{qualifier}:{subject}"),
                "userName": subject,
                "identityProvider": qualifier,
                "tokenId": assertion.id(),
                "keyId": assertion.key_fingerprint(),
                "tokenSha256": sha256,
            }),
        );
        Ok(assertion)
    }

    /// Spends an assertion that may be used once (README.md, 8; SAML-16). Of two calls, on whatever nodes, one wins.
    async fn use_up(
        &self,
        call: &Call,
        provider: &CachedSamlProvider,
        assertion: &VerifiedAssertion,
    ) -> Result<(), Denial> {
        if !assertion.one_time_use() || !self.saml.remembers(&provider.provider.account) {
            return Ok(());
        }
        let store = self.cache.store();
        let (until, now) = (assertion.ends_at(), call.unix());
        let key = assertion.replay_key();
        match store.use_once("saml", &key, until, now).await? {
            true => Ok(()),
            false => Err(refusal(&SamlError::Replay, &call.request_id).into()),
        }
    }
}

/// `requestParameters` of the event, with what the assertion says once it is verified.
fn record(
    call: &mut Call,
    input: &AssumeRoleWithSaml,
    said: Option<(&VerifiedAssertion, &SamlAttributes)>,
) {
    let tags = said.map(|(_, said)| said.asserted.tags.as_slice());
    let tags: serde_json::Map<_, _> = tags
        .unwrap_or_default()
        .iter()
        .map(|tag| (tag.key.clone(), json!(tag.value)))
        .collect();
    call.event.set(
        "requestParameters",
        json!({
            "sAMLAssertionID": said.map(|(assertion, _)| assertion.id()),
            "roleSessionName": said.and_then(|(_, said)| said.session_name.as_ref()),
            "principalTags": tags,
            "transitiveTagKeys": said.map(|(_, said)| &said.asserted.transitive_tag_keys),
            "sourceIdentity": said.and_then(|(_, said)| said.asserted.source_identity.as_ref()),
            "durationSeconds": input.duration,
            "roleArn": input.role_arn,
            "principalArn": input.principal_arn,
        }),
    );
}
