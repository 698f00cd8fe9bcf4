"""A SAML identity provider: OpenSSL makes its key, xmlsec1 signs and encrypts what it says. Also a program, for stories:

saml_idp.py metadata FOLDER                            what it publishes, its key made in FOLDER
saml_idp.py assertion FOLDER ROLE-ARN PROVIDER-ARN     a response for AWS, in base64
"""

import base64
import datetime
import pathlib
import secrets
import subprocess
import sys

ENTITY = "https://contoso.example/saml"
RECIPIENT = "https://signin.aws.amazon.com/saml"
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


def program(*command) -> str:
    """What a program prints; it must work."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stderr}"
    return done.stdout


def seconds(count: int) -> str:
    """A time as SAML writes it, so many seconds from now."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=count)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class SamlIdp:
    """A provider whose key is in a folder, and made there if it is not."""

    def __init__(self, folder: pathlib.Path, key: tuple = ("rsa:2048",), entity: str = ENTITY):
        self.folder, self.entity = folder, entity
        self.key, self.certificate = folder / "idp.key", folder / "idp.pem"
        self.elliptic = key[0] == "ec"
        if not self.key.exists():
            made = ["-x509", "-newkey", *key, "-nodes", "-days", "30", "-subj", "/CN=contoso"]
            program("openssl", "req", *made, "-keyout", self.key, "-out", self.certificate)

    def metadata(self) -> str:
        """What it publishes."""
        lines = self.certificate.read_text().strip().splitlines()
        return f"""<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{self.entity}">
  <IDPSSODescriptor protocolSupportEnumeration="{SAMLP}">
    <KeyDescriptor use="signing"><KeyInfo xmlns="{DSIG}"><X509Data><X509Certificate>{"".join(lines[1:-1])}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{self.entity}/sso"/>
  </IDPSSODescriptor>
</EntityDescriptor>
"""

    def signature(self, id: str) -> str:
        """What xmlsec1 fills in."""
        method = f"http://www.w3.org/2001/04/xmldsig-more#{'ecdsa' if self.elliptic else 'rsa'}-sha256"
        return f"""<ds:Signature xmlns:ds="{DSIG}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/><ds:SignatureMethod Algorithm="{method}"/><ds:Reference URI="#{id}"><ds:Transforms><ds:Transform Algorithm="{DSIG}enveloped-signature"/><ds:Transform Algorithm="{EXCLUSIVE}"/></ds:Transforms><ds:DigestMethod Algorithm="{XENC}sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>"""

    def unsigned(self, role: str, provider: str, name: str = "ann@example.com", seconds_old: int = 0, **attributes) -> str:
        """A response about Ann with places for a signature; attributes by the end of their names, `Tag_Team` for tags."""
        said = {"Role": [f"{role},{provider}"], "RoleSessionName": [name]}
        for key, value in attributes.items():
            key = key.replace("Tag_", "PrincipalTag:", 1) if key.startswith("Tag_") else key
            said[key] = value if isinstance(value, list) else [value]
        listed = "".join(
            f'<saml:Attribute Name="{name if ":" in name.split("PrincipalTag:")[0] else ATTRIBUTES + name}">'
            + "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
            + "</saml:Attribute>"
            for name, values in said.items()
        )
        id, issued, until = "_" + secrets.token_hex(16), seconds(-seconds_old), seconds(300)
        issuer = f"<saml:Issuer>{self.entity}</saml:Issuer>"
        return f"""<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="_{secrets.token_hex(16)}" Version="2.0" IssueInstant="{issued}" Destination="{RECIPIENT}">
  {issuer}
  <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
  <saml:Assertion ID="{id}" Version="2.0" IssueInstant="{issued}">
    {issuer}{self.signature(id)}
    <saml:Subject>
      <saml:NameID Format="{PERSISTENT}">ann</saml:NameID>
      <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="{until}" Recipient="{RECIPIENT}"/></saml:SubjectConfirmation>
    </saml:Subject>
    <saml:Conditions NotBefore="{issued}" NotOnOrAfter="{until}"><saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction></saml:Conditions>
    <saml:AuthnStatement AuthnInstant="{issued}" SessionIndex="_s"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
    <saml:AttributeStatement>{listed}</saml:AttributeStatement>
  </saml:Assertion>
</samlp:Response>
"""

    def sign(self, response: str) -> str:
        """The response with its assertion signed by xmlsec1."""
        file = self.folder / f"{secrets.token_hex(8)}.xml"
        file.write_text(response)
        return program("xmlsec1", "--sign", "--privkey-pem", self.key, "--id-attr:ID", f"{SAML}:Assertion", file)

    def encrypt(self, signed: str, public_key: pathlib.Path, content: str = "http://www.w3.org/2009/xmlenc11#aes256-gcm") -> str:
        """The response with its assertion encrypted by xmlsec1, for this public key."""
        template = self.folder / "encryption.xml"
        template.write_text(
            f"""<xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element"><xenc:EncryptionMethod Algorithm="{content}"/><ds:KeyInfo xmlns:ds="{DSIG}"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p"/><ds:KeyInfo/><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"""
        )
        file = self.folder / f"{secrets.token_hex(8)}.xml"
        wrapped = signed.replace("<saml:Assertion ", f'<saml:EncryptedAssertion><saml:Assertion xmlns:saml="{SAML}" ', 1)
        file.write_text(wrapped.replace("</saml:Assertion>", "</saml:Assertion></saml:EncryptedAssertion>"))
        place = "//*[local-name()='EncryptedAssertion']/*[local-name()='Assertion']"
        key = ["--session-key", "aes-128" if "aes128" in content else "aes-256", "--pubkey-pem", public_key]
        return program("xmlsec1", "--encrypt", *key, "--xml-data", file, "--node-xpath", place, template)

    def assertion(self, role: str, provider: str, **said) -> str:
        """What goes into `SAMLAssertion`."""
        return encoded(self.sign(self.unsigned(role, provider, **said)))


def encoded(response: str) -> str:
    return base64.b64encode(response.encode()).decode()


if __name__ == "__main__":
    idp = SamlIdp(pathlib.Path(sys.argv[2]))
    print(idp.metadata() if sys.argv[1] == "metadata" else idp.assertion(sys.argv[3], sys.argv[4]))
