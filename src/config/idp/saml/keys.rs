//! The keys of `[[idp]]` with `kind = "saml"`, documented.

use crate::config::schema::{Form, Key, Need, Section};

const INSTEAD_PROMPT: &str = "is for kind = \"oidc\"; force_authn asks for a new sign-in here";
const INSTEAD_ACR: &str = "is for kind = \"oidc\"; authn_contexts is its like here";
const INSTEAD_CLAIM: &str = "is for kind = \"oidc\"; the keys here end in _attribute";
const OF_OIDC: &str = "is for providers with kind = \"oidc\"";

pub(in crate::config) const SAML_IDP: Section = Section {
    name: "idp",
    header: "[[idp]] kind = \"saml\"",
    about: "An identity provider that people sign in with, by SAML 2.0. Register `https://<public_url>/saml/<id>/metadata` there, or the entity id and the ACS URL of that document. Every answer must be signed by a key of the provider's metadata, answer a request of the same browser, be meant for us, and count for the first time.",
    keys: &[
        Key {
            name: "id",
            form: Form::Text,
            need: Need::Required,
            about: "Our name for the provider: 1 to 32 of `a-z`, `0-9` and `-`, each once among all kinds, and not `idp`. It stands in URLs, in the audit trail and in identities, so it is not to be changed later.",
        },
        Key {
            name: "kind",
            form: Form::Text,
            need: Need::Required,
            about: "`\"saml\"`.",
        },
        Key {
            name: "name",
            form: Form::Text,
            need: Need::Derived("the id"),
            about: "What the sign-in button says.",
        },
        Key {
            name: "metadata_url",
            form: Form::Text,
            need: Need::Optional,
            about: "Where the provider publishes its metadata. Either this or `metadata_file` is required.",
        },
        Key {
            name: "metadata_file",
            form: Form::Path,
            need: Need::Optional,
            about: "The file with the provider's metadata, at most 4 MiB.",
        },
        Key {
            name: "metadata_certificate_file",
            form: Form::Path,
            need: Need::Optional,
            about: "A PEM certificate whose key must have signed the metadata. Without it TLS, or the file, is what vouches for it.",
        },
        Key {
            name: "idp_entity_id",
            form: Form::Text,
            need: Need::Derived("the only provider of the metadata"),
            about: "The provider's entity id, byte for byte, each once. Needed where the metadata describes several, as a federation's does.",
        },
        Key {
            name: "entity_id",
            form: Form::Text,
            need: Need::Derived("`<public_url>/saml/<id>/metadata`"),
            about: "Our entity id at the provider: an absolute URI. Every answer must name it as its audience.",
        },
        Key {
            name: "acs_url",
            form: Form::Text,
            need: Need::Derived("`<public_url>/saml/<id>/acs`"),
            about: "Where the provider posts its answers, byte for byte as registered there, at the scheme and host of `public_url`. For another path, the proxy in front has to bring it to `/saml/<id>/acs`.",
        },
        Key {
            name: "sign_requests",
            form: Form::BooleanOrText,
            need: Need::Default("\"auto\""),
            about: "Whether our requests are signed: `true`, `false`, or `\"auto\"`, when the metadata wants it.",
        },
        Key {
            name: "idp_initiated",
            form: Form::Boolean,
            need: Need::Default("false"),
            about: "Whether the provider may begin a sign-in that nobody asked us for. Whoever has an account there can then sign others in as themselves, so a page asks first.",
        },
        Key {
            name: "relay_targets",
            form: Form::Texts,
            need: Need::Default("[]"),
            about: "What `RelayState` may name in a sign-in that the provider begins: roles by ARN or alias, or paths of ours that begin with `/`. Anything else leads to the portal.",
        },
        Key {
            name: "allow_sha1",
            form: Form::Boolean,
            need: Need::Default("false"),
            about: "Takes signatures with SHA-1 as well. Each one is warned of.",
        },
        Key {
            name: "allow_cbc",
            form: Form::Boolean,
            need: Need::Default("false"),
            about: "Takes assertions encrypted with AES-CBC as well, in signed responses alone. AES-GCM always works.",
        },
        Key {
            name: "require_encryption",
            form: Form::Boolean,
            need: Need::Default("false"),
            about: "Refuses assertions that come unencrypted.",
        },
        Key {
            name: "pin",
            form: Form::Boolean,
            need: Need::Default("false"),
            about: "Whether a new signing certificate in the metadata waits for an administrator's consent.",
        },
        Key {
            name: "refresh",
            form: Form::Duration,
            need: Need::Default("\"1h\""),
            about: "How often the metadata is read again, `5m` to `24h`. A certificate that the provider withdraws counts for that long.",
        },
        Key {
            name: "clock_skew",
            form: Form::Duration,
            need: Need::Default("\"60s\""),
            about: "How far the provider's clock may be from ours, at most `300s`.",
        },
        Key {
            name: "max_session",
            form: Form::Duration,
            need: Need::Default("\"12h\""),
            about: "How long a sign-in counts, at most `12h`; shorter where the answer says so (`SessionNotOnOrAfter`).",
        },
        Key {
            name: "force_authn",
            form: Form::Boolean,
            need: Need::Default("false"),
            about: "Asks for a new sign-in at the provider each time. The answer's `AuthnInstant` is checked.",
        },
        Key {
            name: "authn_contexts",
            form: Form::Texts,
            need: Need::Default("[]"),
            about: "Authentication contexts to ask for, as URIs. The answer must carry one of them.",
        },
        Key {
            name: "name_id_format",
            form: Form::Text,
            need: Need::Optional,
            about: "The format of name to ask for, as a URI. A transient one needs `subject_attribute`, for it is new each time.",
        },
        Key {
            name: "profile",
            form: Form::Text,
            need: Need::Default("\"generic\""),
            about: "Whose attribute names are looked for: `adfs`, `entra`, `okta`, `google`, `keycloak`, `shibboleth` or `generic`.",
        },
        Key {
            name: "groups_attribute",
            form: Form::Text,
            need: Need::Derived("the profile's"),
            about: "The attribute with the person's groups, by its `Name`.",
        },
        Key {
            name: "name_attribute",
            form: Form::Text,
            need: Need::Derived("the profile's"),
            about: "The attribute with the name to show.",
        },
        Key {
            name: "email_attribute",
            form: Form::Text,
            need: Need::Derived("the profile's"),
            about: "The attribute with the e-mail address, for display.",
        },
        Key {
            name: "subject_attribute",
            form: Form::Text,
            need: Need::Derived("the answer's `NameID`"),
            about: "The attribute that a person is known by, instead of the `NameID`: one that never changes and is never given to somebody else. Not to be changed later.",
        },
    ],
    reserved: &[
        (
            "group_overage",
            "cannot be chosen: an answer that leaves groups out for their number is refused",
        ),
        (
            "issuer",
            "is for kind = \"oidc\"; idp_entity_id is its like here",
        ),
        ("client_id", OF_OIDC),
        ("client_secret", OF_OIDC),
        ("client_secret_file", OF_OIDC),
        ("client_secret_env", OF_OIDC),
        ("scopes", OF_OIDC),
        ("algorithms", OF_OIDC),
        ("groups_claim", INSTEAD_CLAIM),
        ("name_claim", INSTEAD_CLAIM),
        ("email_claim", INSTEAD_CLAIM),
        ("acr_values", INSTEAD_ACR),
        ("max_age", INSTEAD_PROMPT),
        ("prompt", INSTEAD_PROMPT),
    ],
};
