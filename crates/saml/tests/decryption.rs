//! What somebody else encrypts, opened by us: the `xmlsec1` program (libxmlsec1, libxml2, OpenSSL).
//!
//! Without the program these tests say so and pass, unless `CI=true` or `DRAWBRIDGE_NEED_XMLSEC=1`. What the one of
//! Debian 12 cannot do (`xmlenc11#rsa-oaep`, a digest other than SHA-1) is tested beside the code, with OpenSSL.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::{Path, PathBuf};
use std::process::Command;

use drawbridge_saml::decrypt::DecryptionKey;
use drawbridge_saml::response::{Expectations, Expected, InResponseTo, Provider, verify};
use drawbridge_saml::testing::{ACS, IDP, NOW, REQUEST, SP, assertion, credential, response, sign};
use drawbridge_saml::{Certificate, Credential, SamlError, SigningKey, VerifiedAssertion};

const CBC: [(&str, &str); 3] = [
    ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "aes-128"),
    ("http://www.w3.org/2001/04/xmlenc#aes192-cbc", "aes-192"),
    ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "aes-256"),
];
const GCM: [(&str, &str); 3] = [
    ("http://www.w3.org/2009/xmlenc11#aes128-gcm", "aes-128"),
    ("http://www.w3.org/2009/xmlenc11#aes192-gcm", "aes-192"),
    ("http://www.w3.org/2009/xmlenc11#aes256-gcm", "aes-256"),
];

fn xmlsec1_is_here() -> bool {
    let here = Command::new("xmlsec1").arg("--version").output().is_ok();
    #[expect(clippy::disallowed_methods, reason = "a test asks where it runs")]
    let is = |name: &str, value: &str| std::env::var(name).as_deref() == Ok(value);
    let needed = is("CI", "true") || is("DRAWBRIDGE_NEED_XMLSEC", "1");
    assert!(here || !needed, "the program xmlsec1 is not installed");
    if !here {
        println!("skipped: the program xmlsec1 is not installed");
    }
    here
}

/// A provider, and we who read it.
struct Sides {
    provider: Credential,
    ours: SigningKey,
    folder: PathBuf,
}

impl Sides {
    fn new(name: &str) -> Sides {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let ours = SigningKey::generate().unwrap();
        std::fs::write(folder.join("ours.der"), ours.public_key_info().unwrap()).unwrap();
        Sides {
            provider: credential(SigningKey::generate().unwrap()),
            ours,
            folder,
        }
    }

    /// `EncryptedData` of an element, made by the program. `Recipient` and names of keys are what such templates hold.
    fn encrypted_data(&self, element: &str, (algorithm, session_key): (&str, &str)) -> String {
        let template = format!(
            r##"<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Id="_data" Type="http://www.w3.org/2001/04/xmlenc#Element">
  <xenc:EncryptionMethod Algorithm="{algorithm}"/>
  <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
    <xenc:EncryptedKey Id="_key" Recipient="{SP}">
      <xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p">
        <ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>
      </xenc:EncryptionMethod>
      <xenc:CipherData><xenc:CipherValue/></xenc:CipherData>
    </xenc:EncryptedKey>
  </ds:KeyInfo>
  <xenc:CipherData><xenc:CipherValue/></xenc:CipherData>
</xenc:EncryptedData>"##
        );
        let [element_file, template_file] = [("element.xml", element), ("template.xml", &template)]
            .map(|(name, text)| {
                let file = self.folder.join(name);
                std::fs::write(&file, text).unwrap();
                file
            });
        let output = Command::new("xmlsec1")
            .args(["--encrypt", "--session-key", session_key, "--pubkey-der"])
            .arg(self.folder.join("ours.der"))
            .arg("--xml-data")
            .args([element_file, template_file])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_once("?>").unwrap().1.trim().to_owned()
    }

    fn judge(&self, text: &str, allow_cbc: bool) -> Result<VerifiedAssertion, SamlError> {
        let key = Certificate::from_der(self.provider.certificate_der()).unwrap();
        let provider = Provider {
            entity_id: IDP,
            keys: &[key],
            decryption: &[DecryptionKey::of(&self.ours).unwrap()],
            allow_sha1: false,
            allow_cbc,
            second_opinion: cfg!(feature = "samael"),
        };
        let (acs, sp) = ([ACS.to_owned()], [SP.to_owned()]);
        let expectations = Expectations {
            now: NOW,
            skew: 60,
            not_before: true,
            max_age: Some(300),
            response_issuer: true,
            in_response_to: InResponseTo::Request(REQUEST),
            recipient: Expected::OneOf(&acs),
            destination: Expected::OneOf(&acs),
            audience: Expected::OneOf(&sp),
            signed_assertion: false,
            authn_contexts: &[],
            authenticated_since: None,
            encrypted: true,
        };
        verify(text.as_bytes(), &provider, &expectations)
    }

    fn signed(&self, text: &str, id: &str) -> String {
        sign(text, id, &self.provider)
    }
}

fn carry(inside: &str) -> String {
    let encrypted = format!("<saml:EncryptedAssertion>{inside}</saml:EncryptedAssertion>");
    response().replace(&assertion(), &encrypted)
}

#[test]
fn what_it_encrypts_opens_in_every_layout() {
    if !xmlsec1_is_here() {
        return;
    }
    let sides = Sides::new("what_it_encrypts_opens");
    for method in GCM {
        let inner = sides.encrypted_data(&sides.signed(&assertion(), "_a"), method);
        let outer = sides.encrypted_data(&assertion(), method);
        for text in [
            carry(&inner),
            sides.signed(&carry(&inner), "_r"),
            sides.signed(&carry(&outer), "_r"),
        ] {
            assert!(!text.contains("ann</"));
            let opened = sides.judge(&text, false).unwrap();
            assert!(opened.encrypted());
            assert_eq!(opened.name_id().value, "ann");
            assert_eq!(opened.values("groups").unwrap(), ["engineering", "admins"]);
        }
        assert_eq!(
            sides.judge(&carry(&outer), false),
            Err(SamlError::SignatureMissing)
        );
    }
}

/// The key beside the data, named and not.
#[test]
fn what_it_encrypts_opens_with_the_key_beside() {
    if !xmlsec1_is_here() {
        return;
    }
    let sides = Sides::new("the_key_beside");
    let inner = sides.encrypted_data(&sides.signed(&assertion(), "_a"), GCM[2]);
    let (before, rest) = inner.split_once("<xenc:EncryptedKey").unwrap();
    let (key, after) = rest.split_once("</xenc:EncryptedKey>").unwrap();
    let key = format!(
        "<xenc:EncryptedKey xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"{key}</xenc:EncryptedKey>"
    );
    let named = "<ds:RetrievalMethod URI=\"#_key\"/>";
    for method in ["", named] {
        let text = carry(&format!("{before}{method}{after}{key}"));
        assert_eq!(sides.judge(&text, false).unwrap().name_id().value, "ann");
        let text = sides.signed(&text, "_r");
        assert_eq!(sides.judge(&text, false).unwrap().name_id().value, "ann");
    }
}

#[test]
fn its_aes_cbc_opens_only_where_allowed_and_within_a_signed_response() {
    if !xmlsec1_is_here() {
        return;
    }
    let sides = Sides::new("its_aes_cbc");
    for method in CBC {
        let inner = sides.encrypted_data(&sides.signed(&assertion(), "_a"), method);
        let unsigned = carry(&inner);
        let signed = sides.signed(&unsigned, "_r");
        assert_eq!(sides.judge(&signed, true).unwrap().name_id().value, "ann");
        assert_eq!(sides.judge(&signed, false), Err(SamlError::Decrypt));
        assert_eq!(sides.judge(&unsigned, true), Err(SamlError::Decrypt));
        assert_eq!(sides.judge(&unsigned, false), Err(SamlError::Decrypt));
    }
}
