//! GetWebIdentityToken: a token of ours that says who the caller is, for services that do not know AWS.
//!
//! An account must have switched outbound federation on. Others verify the token with our published keys; the claims
//! are AWS's.
//!
//! Reference: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html>

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::access::{Call, Caller, Principal};
use crate::aws::arn;
use crate::aws::error::AwsError;
use crate::aws::query::Params;
use crate::aws::sts::{GetWebIdentityToken, Tag};
use crate::aws::xml::{Node, timestamp};
use crate::clock::uuid_v4;
use crate::issuer::{AWS_CLAIM, IssuerError, Signs};
use crate::jwt::SignError;
use crate::store::account_facts::OUTBOUND_WEB_IDENTITY;
use crate::sts::session::{check_unique, describe_tags};
use crate::sts::{Answer, Denial, EmbeddedSts};

const ACTION: &str = "sts:GetWebIdentityToken";
const TAG_ACTION: &str = "sts:TagGetWebIdentityToken";
/// Seconds of a token when nobody says.
const DEFAULT_DURATION: i64 = 300;

impl EmbeddedSts {
    /// Runs the operation.
    pub async fn get_web_identity_token(
        &self,
        call: &mut Call,
        caller: &Caller,
        params: &Params,
    ) -> Result<Answer, Denial> {
        let input = GetWebIdentityToken::read(params)?;
        let tags = input.tags.iter();
        let tags: Vec<_> = tags
            .map(|tag| json!({ "key": tag.key, "value": tag.value }))
            .collect();
        call.event.set(
            "requestParameters",
            json!({
                "audience": input.audience,
                "signingAlgorithm": input.algorithm,
                "durationSeconds": input.duration,
                "tags": tags,
            }),
        );
        check_unique(&input.tags)?;
        if matches!(caller.principal(), Principal::FederatedUser(_)) {
            return Err(AwsError::no_token_for_federated_users().into());
        }
        let duration = input.duration.unwrap_or(DEFAULT_DURATION);
        let mut context = self.context(call, caller);
        context.set_many("sts:IdentityTokenAudience", input.audience.clone());
        context.set("sts:SigningAlgorithm", input.algorithm.clone());
        context.set("sts:DurationSeconds", duration.to_string());
        describe_tags(&mut context, &input.tags, &[]);
        let account = caller.account();
        let partition = caller.arn().split(':').nth(1).unwrap_or("aws");
        let itself = arn::caller_itself(partition, account);
        self.allow_or_say_why(caller, ACTION, &itself, &context)
            .await?;
        if !input.tags.is_empty() {
            self.allow_or_say_why(caller, TAG_ACTION, &itself, &context)
                .await?;
        }
        let expires = call.unix() + duration;
        if caller
            .session()
            .is_some_and(|session| expires > session.expires_at)
        {
            return Err(AwsError::session_duration_escalation().into());
        }
        let store = self.cache.store();
        let enabled = store.account_fact(account, OUTBOUND_WEB_IDENTITY).await?;
        if enabled.is_none() {
            return Err(AwsError::outbound_federation_disabled().into());
        }
        let signs = match input.algorithm.as_str() {
            "ES384" => Signs::Es384,
            _ => Signs::Rs256,
        };
        let claims = self.claims(call, caller, &input, expires);
        let token = self.issuer.sign(signs, &claims, call.unix()).await;
        let token = token.map_err(|error| match error {
            IssuerError::Sign(SignError::TooLarge) => AwsError::jwt_payload_too_large(),
            other => {
                tracing::error!(error = %other, "a web identity token could not be signed");
                AwsError::unavailable()
            }
        })?;
        let until = i128::from(call.unix_ms() + 1000 * duration) * 1_000_000;
        let until = OffsetDateTime::from_unix_timestamp_nanos(until);
        Ok(Answer {
            fields: vec![
                ("WebIdentityToken", Node::text(token)),
                ("Expiration", until.map_or(Node::Absent, Node::Instant)),
            ],
            elements: json!({ "jti": claims["jti"] }),
            grants: true,
        })
    }

    fn claims(
        &self,
        call: &Call,
        caller: &Caller,
        input: &GetWebIdentityToken,
        expires: i64,
    ) -> Value {
        let session = caller.role_session();
        let subject = session.map_or(caller.arn(), |session| &session.role_arn);
        let audience = match input.audience.as_slice() {
            [one] => json!(one),
            many => json!(many),
        };
        let mut ours = Map::new();
        ours.insert("aws_account".to_owned(), json!(caller.account()));
        ours.insert("source_region".to_owned(), json!(call.region));
        ours.insert("principal_id".to_owned(), json!(subject));
        if let Some(session) = caller.session() {
            let ends = OffsetDateTime::from_unix_timestamp(session.expires_at);
            let ends = ends.map(timestamp).unwrap_or_default();
            ours.insert("original_session_exp".to_owned(), json!(ends));
        }
        if let Some(identity) = session.and_then(|session| session.source_identity.as_ref()) {
            ours.insert("source_identity".to_owned(), json!(identity));
        }
        if let Some(provider) = session.and_then(|session| session.federated_provider.as_ref()) {
            ours.insert("federated_provider".to_owned(), json!(provider));
        }
        let own = principal_tags(caller);
        if !own.is_empty() {
            ours.insert("principal_tags".to_owned(), own.into());
        }
        if !input.tags.is_empty() {
            ours.insert("request_tags".to_owned(), named(&input.tags).into());
        }
        json!({
            "iss": self.issuer.url(),
            "sub": subject,
            "aud": audience,
            "iat": call.unix(),
            "exp": expires,
            "jti": uuid_v4(&*self.random).to_string(),
            AWS_CLAIM: ours,
        })
    }
}

fn named(tags: &[Tag]) -> Map<String, Value> {
    let pair = |tag: &Tag| (tag.key.clone(), json!(tag.value));
    tags.iter().map(pair).collect()
}

fn principal_tags(caller: &Caller) -> Map<String, Value> {
    if let Some(session) = caller.role_session() {
        return named(&session.tags);
    }
    match caller.principal() {
        Principal::User(user) => {
            let tags = user.user.tags.iter();
            tags.map(|(key, value)| (key.clone(), json!(value)))
                .collect()
        }
        _ => Map::new(),
    }
}
