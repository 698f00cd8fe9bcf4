//! What `check` says of SAML entries: whether they can be used, and what will stop them before long.

use std::collections::HashMap;

use super::{Line, Verdict};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, SamlIdpConfig, SignRequests};
use crate::http::urls::Urls;
use crate::idp::saml::keeper::{Looked, look};
use crate::outbound::Outbound;
use crate::saml::names;

/// Seconds before its end at which a certificate is worth a word (SAML-19).
const AHEAD: i64 = 30 * 24 * 3600;

pub(super) async fn lines(config: &Config, urls: &Urls, outbound: &Outbound) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut entities: HashMap<String, String> = HashMap::new();
    for entry in config.saml_idps() {
        let subject = format!("idp {}", entry.id);
        let now = SystemClock.unix();
        let looked = match look(entry, outbound, now).await {
            Ok(looked) => looked,
            Err(trouble) => {
                lines.push(Line::new(Verdict::Failed, subject, trouble.to_string()));
                continue;
            }
        };
        let entity = &looked.metadata.entity_id;
        if let Some(other) = entities.insert(entity.clone(), entry.id.clone()) {
            let message = format!("its entity id {entity} is already that of \"{other}\"");
            lines.push(Line::new(Verdict::Failed, subject, message));
            continue;
        }
        lines.extend(about(entry, &looked, &subject, urls, now));
    }
    lines
}

/// The first line says whether the entry works; the others what is to be mended.
fn about(
    entry: &SamlIdpConfig,
    looked: &Looked,
    subject: &str,
    urls: &Urls,
    now: i64,
) -> Vec<Line> {
    let metadata = &looked.metadata;
    let count = metadata.signing.len();
    let keys = if count == 1 {
        "certificate"
    } else {
        "certificates"
    };
    let ours = urls.absolute(&urls.saml_metadata(&entry.id));
    let entity = &metadata.entity_id;
    let first = match metadata.sso_by(names::REDIRECT) {
        Some(_) => Line::new(
            Verdict::Ok,
            subject,
            format!("read; {entity}, {count} signing {keys}; register the metadata {ours}"),
        ),
        None => Line::new(
            Verdict::Failed,
            subject,
            "its metadata has no SingleSignOnService for HTTP-Redirect",
        ),
    };
    let mut lines = vec![first];
    let mut warn = |message: String| lines.push(Line::new(Verdict::Warning, subject, message));
    for certificate in &metadata.signing {
        let short: String = certificate.fingerprint().chars().take(16).collect();
        let days = (certificate.not_after() - now).div_euclid(24 * 3600);
        if certificate.not_after() <= now {
            warn(format!(
                "its signing certificate {short} has expired (it still counts)"
            ));
        } else if certificate.not_after() - now < AHEAD {
            warn(format!(
                "its signing certificate {short} expires in {days} days"
            ));
        }
        if certificate.not_before() > now {
            warn(format!(
                "its signing certificate {short} is not valid yet (it counts already)"
            ));
        }
    }
    for unusable in &metadata.unusable {
        warn(format!("left out: {unusable}"));
    }
    if metadata.slo_by(names::REDIRECT).is_none() {
        warn("its metadata has no SingleLogoutService for HTTP-Redirect: signing out here does not sign out there".to_owned());
    }
    if metadata.want_authn_requests_signed && entry.sign_requests == SignRequests::Never {
        warn("it wants signed requests, and sign_requests is false".to_owned());
    }
    if entry.allow_sha1 {
        warn(
            "allow_sha1: signatures with SHA-1 can be forged by those who can pay for it"
                .to_owned(),
        );
    }
    if let Some(until) = metadata.valid_until
        && until - now < AHEAD
        && entry.refresh.as_secs() > 24 * 3600
    {
        warn("its metadata ends within 30 days".to_owned());
    }
    let skew = i64::try_from(entry.clock_skew.as_secs()).unwrap_or(0);
    if let Some(theirs) = looked.their_time
        && (theirs - now).abs() > skew
    {
        let apart = (theirs - now).abs();
        warn(format!(
            "its clock and ours are {apart} s apart, and clock_skew allows {skew} s"
        ));
    }
    lines
}
