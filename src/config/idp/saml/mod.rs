//! `[[idp]]` with `kind = "saml"`.
//!
//! What the provider says about itself is in its metadata, which is read later: here stands where it is, what we call
//! ourselves there, and how strict we are.

mod keys;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

pub(in crate::config) use self::keys::SAML_IDP;
use super::{IdpEntry, idp_id};
use crate::config::duration::{HOUR, MINUTE};
use crate::config::problems::Fault;
use crate::config::reader::{Reader, one_of, words};
use crate::config::secrets::{certificate_file, document_file};
use crate::config::{role, urls};

/// The bound of metadata from anywhere (security.md SAML-19).
const MAX_METADATA: u64 = 4 * 1024 * 1024;
/// A name that is another at every sign-in (Core 8.3.8).
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// A SAML identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamlIdpConfig {
    /// Our name for it: `[a-z0-9-]{1,32}`.
    pub id: String,
    /// What the sign-in button says.
    pub name: String,
    /// Where its metadata is.
    pub metadata: MetadataSource,
    /// The certificate, as PEM, whose key must have signed the metadata.
    pub metadata_certificate: Option<PathBuf>,
    /// Its entity id, byte for byte; `None`: the only provider of the metadata.
    pub idp_entity_id: Option<String>,
    /// Our entity id there, byte for byte.
    pub entity_id: String,
    /// Where its answers arrive, byte for byte: at our scheme and host.
    pub acs_url: String,
    /// Whether our requests are signed.
    pub sign_requests: SignRequests,
    /// Whether it may begin a sign-in that nobody asked for (SAML-11).
    pub idp_initiated: bool,
    /// Whether signatures may use SHA-1 (SAML-5).
    pub allow_sha1: bool,
    /// Whether assertions may be encrypted with AES-CBC (SAML-18).
    pub allow_cbc: bool,
    /// Whether assertions must be encrypted.
    pub require_encryption: bool,
    /// Whether a new signing certificate waits for an administrator (SAML-19).
    pub pin: bool,
    /// How far its clock may be from ours.
    pub clock_skew: Duration,
    /// How long a sign-in counts.
    pub max_session: Duration,
    /// How often its metadata is read again.
    pub refresh: Duration,
    /// Whether each sign-in must be a new one there.
    pub force_authn: bool,
    /// Authentication contexts of which the answer must carry one; none asked for if empty.
    pub authn_contexts: Vec<String>,
    /// The format of name to ask for.
    pub name_id_format: Option<String>,
    /// What `RelayState` may name in a sign-in that the provider begins: ARNs and aliases of roles, and paths of ours,
    /// which begin with `/`. Empty unless `idp_initiated`.
    pub relay_targets: Vec<String>,
    /// Whose attribute names are looked for where none are given.
    pub profile: SamlProfile,
    /// The attribute with the person's groups.
    pub groups_attribute: Option<String>,
    /// The attribute with the name to show.
    pub name_attribute: Option<String>,
    /// The attribute with the e-mail address, for display.
    pub email_attribute: Option<String>,
    /// The attribute that a person is known by, instead of the `NameID` (SAML-17).
    pub subject_attribute: Option<String>,
}

/// Where a provider's metadata is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataSource {
    /// At a URL: https, or loopback in the demo.
    Url(Url),
    /// In a file, which could be read at the start.
    File(PathBuf),
}

/// Whether our requests are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignRequests {
    /// When the metadata says so (`WantAuthnRequestsSigned`).
    Auto,
    /// Whatever the metadata says.
    Always,
    /// Whatever the metadata says.
    Never,
}

/// Whose attribute names are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamlProfile {
    /// Active Directory Federation Services.
    Adfs,
    /// Microsoft Entra ID.
    Entra,
    /// Okta.
    Okta,
    /// Google Workspace.
    Google,
    /// Keycloak.
    Keycloak,
    /// Shibboleth, and others that speak eduPerson.
    Shibboleth,
    /// Nobody's in particular.
    Generic,
}

const PROFILES: [(&str, SamlProfile); 7] = [
    ("adfs", SamlProfile::Adfs),
    ("entra", SamlProfile::Entra),
    ("okta", SamlProfile::Okta),
    ("google", SamlProfile::Google),
    ("keycloak", SamlProfile::Keycloak),
    ("shibboleth", SamlProfile::Shibboleth),
    ("generic", SamlProfile::Generic),
];

/// Reads the keys of one entry.
pub(super) fn read(entry: &Reader<'_>, public_url: Option<&Url>) -> Option<SamlIdpConfig> {
    // Each key is read before any is missed, so that every problem is noted.
    let id = entry.text("id", |text| match text {
        // `/saml/idp/metadata` is where we are the provider.
        "idp" => Err(Fault::from(
            "is the name of Drawbridge's own provider in URLs",
        )),
        _ => idp_id(text),
    });
    let name = entry.words("name");
    let metadata = metadata(entry);
    let metadata_certificate = certificate_file(entry, "metadata_certificate_file");
    let idp_entity_id = entry.text("idp_entity_id", entity_id);
    let own_entity_id = entry.text("entity_id", urls::absolute_uri);
    let acs_url = entry.text("acs_url", |text| acs_url(text, public_url));
    let sign_requests = entry.flag_or_text(
        "sign_requests",
        |sign| match sign {
            true => SignRequests::Always,
            false => SignRequests::Never,
        },
        |text| match text {
            "auto" => Ok(SignRequests::Auto),
            _ => Err(Fault::from("unknown value").hint("it is true, false or \"auto\"")),
        },
    );
    let idp_initiated = entry.flag("idp_initiated");
    let relay_targets = entry.texts("relay_targets", relay_target);
    if relay_targets
        .as_ref()
        .is_some_and(|targets| !targets.is_empty())
        && !idp_initiated
    {
        entry.refuse("relay_targets", "is of no use without idp_initiated = true");
    }
    let allow_sha1 = entry.flag("allow_sha1");
    let allow_cbc = entry.flag("allow_cbc");
    let require_encryption = entry.flag("require_encryption");
    let pin = entry.flag("pin");
    let refresh = entry.duration("refresh", 5 * MINUTE..=24 * HOUR);
    let clock_skew = entry.duration("clock_skew", 0..=300);
    let max_session = entry.duration("max_session", MINUTE..=12 * HOUR);
    let force_authn = entry.flag("force_authn");
    let authn_contexts = entry.texts("authn_contexts", urls::absolute_uri);
    let name_id_format = entry.text("name_id_format", urls::absolute_uri);
    let profile = entry.text("profile", |text| one_of(text, &PROFILES));
    let groups_attribute = entry.words("groups_attribute");
    let name_attribute = entry.words("name_attribute");
    let email_attribute = entry.words("email_attribute");
    let subject_attribute = entry.words("subject_attribute");
    if name_id_format.as_deref() == Some(TRANSIENT) && !entry.is_given("subject_attribute") {
        let fault =
            Fault::from("a transient name is new at every sign-in, so nobody is known by it");
        entry.refuse("name_id_format", fault.hint("set subject_attribute"));
    }
    let (id, origin) = (id?, public_url?.origin().ascii_serialization());
    Some(SamlIdpConfig {
        name: name.unwrap_or_else(|| id.clone()),
        metadata: metadata?,
        metadata_certificate,
        idp_entity_id,
        // A key that was refused reads as absent here; the configuration is thrown away then.
        entity_id: own_entity_id.unwrap_or_else(|| format!("{origin}/saml/{id}/metadata")),
        acs_url: acs_url.unwrap_or_else(|| format!("{origin}/saml/{id}/acs")),
        id,
        sign_requests: sign_requests?,
        idp_initiated,
        allow_sha1,
        allow_cbc,
        require_encryption,
        pin,
        clock_skew: clock_skew?,
        max_session: max_session?,
        refresh: refresh?,
        force_authn,
        authn_contexts: authn_contexts?,
        name_id_format,
        relay_targets: relay_targets?,
        profile: profile?,
        groups_attribute,
        name_attribute,
        email_attribute,
        subject_attribute,
    })
}

/// One entity is one entry, or an answer of one could be taken for an answer of the other (SAML-9); and one address
/// for answers is one entry's. Entities that the file does not name are compared when the metadata is there.
pub(super) fn refuse_twins(entry: &Reader<'_>, idp: &SamlIdpConfig, others: &[IdpEntry]) {
    let others = || others.iter().filter_map(IdpEntry::saml);
    let same_entity = |other: &&SamlIdpConfig| match (&other.idp_entity_id, &idp.idp_entity_id) {
        (Some(other), Some(own)) => other == own,
        _ => false,
    };
    if let Some(other) = others().find(same_entity) {
        let message = format!("is already the idp_entity_id of \"{}\"", other.id);
        entry.refuse("idp_entity_id", message);
    }
    let same_metadata = |other: &&SamlIdpConfig| {
        other.metadata == idp.metadata
            && other.idp_entity_id.is_none()
            && idp.idp_entity_id.is_none()
    };
    if let Some(other) = others().find(same_metadata) {
        let key = match idp.metadata {
            MetadataSource::Url(_) => "metadata_url",
            MetadataSource::File(_) => "metadata_file",
        };
        let fault = Fault::from(format!("has the same metadata as \"{}\"", other.id));
        entry.refuse(
            key,
            fault.hint("where it describes several providers, set idp_entity_id"),
        );
    }
    if let Some(other) = others().find(|other| other.acs_url == idp.acs_url) {
        entry.refuse(
            "acs_url",
            format!("is already the acs_url of \"{}\"", other.id),
        );
    }
}

/// Exactly one of the two keys.
fn metadata(entry: &Reader<'_>) -> Option<MetadataSource> {
    let url = entry.text("metadata_url", |text| {
        urls::document(text, entry.reading.demo)
    });
    let file = entry.text("metadata_file", |path| {
        let path = entry.reading.resolve(&words(path)?);
        document_file(&path, MAX_METADATA).map(|()| path)
    });
    match (
        entry.is_given("metadata_url"),
        entry.is_given("metadata_file"),
    ) {
        (true, true) => {
            entry.refuse(
                "metadata_file",
                "the metadata is already given by metadata_url",
            );
        }
        (false, false) => {
            entry.refuse("metadata_url", "is required, or metadata_file");
        }
        _ => {}
    }
    url.map(MetadataSource::Url)
        .or(file.map(MetadataSource::File))
}

/// Somebody else's entity id: compared, and never called, so that it need not be a good URI.
fn entity_id(text: &str) -> Result<String, Fault> {
    match words(text)?.len() > 1024 {
        true => Err("must be at most 1024 characters".into()),
        false => Ok(text.to_owned()),
    }
}

/// A URL at our own scheme and host: the browser brings its cookies nowhere else.
fn acs_url(text: &str, public_url: Option<&Url>) -> Result<String, Fault> {
    if let Some(fault) = urls::issuer_fault(text, true) {
        return Err(fault.into());
    }
    let origin = Url::parse(text).map(|url| url.origin());
    let (Ok(origin), Some(public_url)) = (origin, public_url) else {
        return Ok(text.to_owned());
    };
    match origin == public_url.origin() {
        true => Ok(text.to_owned()),
        false => Err("must have the scheme, host and port of public_url".into()),
    }
}

/// A role, or a path of ours. A path that a browser could take for another host is neither.
fn relay_target(text: &str) -> Result<String, Fault> {
    if !text.starts_with('/') {
        return role::named(text).map_err(|fault| {
            let hint = "a target is the ARN or alias of a role, or a path that begins with /";
            fault.hint(hint)
        });
    }
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains(['\\', '#']);
    let path = text.split('?').next().unwrap_or_default();
    let dots = path.split('/').any(|segment| matches!(segment, "." | ".."));
    if !plain || dots || text.starts_with("//") {
        let fault = Fault::from("is not a plain path of ours");
        return Err(fault.hint("for example /go?account=dev&role=Developer"));
    }
    Ok(text.to_owned())
}
