"""SAML responses by chance: what they say, and how it is spelled. Unsigned: xmlsec1.py signs them."""

import collections
import datetime

from spelling import DS, EXC, MORE, SAML, SAMLP, XS, XSI, Element, Raw, Speller

DIGESTS = {
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
    "sha384": "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
}
ALGORITHMS = [
    ("rsa-2048", "rsa-sha256", "sha256"),
    ("rsa-2048", "rsa-sha384", "sha384"),
    ("rsa-2048", "rsa-sha512", "sha512"),
    ("rsa-2048", "rsa-sha256", "sha512"),
    ("rsa-3072", "rsa-sha256", "sha256"),
    ("p-256", "ecdsa-sha256", "sha256"),
    ("p-384", "ecdsa-sha384", "sha384"),
    ("p-521", "ecdsa-sha512", "sha512"),
    ("p-256", "ecdsa-sha512", "sha384"),
]
FORMATS = [
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    None,
]
PEOPLE = ["ann", "ann@example.com", "Zoë", "北京", "a&b", "CONTOSO\\ann"]
ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
CONTEXTS = ["Password", "PasswordProtectedTransport", "Kerberos", "X509", "unspecified"]
ISSUERS = ["https://idp.example.com/metadata", "http://adfs.example.com/adfs/services/trust", "urn:example:idp?a=1&b=2"]
AUDIENCE = "https://sso.example.com/saml/corpus/metadata"
RECIPIENT = "https://sso.example.com/saml/corpus/acs?x=1&y=2"
WORDS = [
    "ann",
    "bob",
    "engineering",
    "admins",
    "core",
    "a b",
    "Zoë",
    "北京",
    "𝔘𝔫𝔦",
    "AT&T",
    "<tag>",
    '"quoted"',
    "it's",
    "a>b",
    "]]>",
    "1",
    "ß",
    "é",
]
NAMES = [
    "mail",
    "groups",
    "displayName",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "a&b",
    "http://schemas.xmlsoap.org/claims/Group",
    'n"ame',
    "Größe",
]

Document = collections.namedtuple("Document", "text entry")


def document(rng, issuer, number):
    """A response with places (@D0@, @S0@ the assertion's, @D1@, @S1@ the response's) for what xmlsec1 computes."""
    end = rng.choice(["\n", "\n", "\n", "\r\n"])
    speller = Speller(rng, end)
    key, algorithm, digest = rng.choice(ALGORITHMS)
    signed = rng.choice([["assertion"], ["response"], ["assertion", "response"]])
    now = 1_800_000_000 + rng.randrange(100_000_000)
    request = rng.choice([None, f"_{rng.getrandbits(80):x}"])
    identity = make_identity(rng, issuer, now)

    def signature(place, target):
        if ["assertion", "response"][place] in signed:
            return make_signature(rng, speller, place, target, algorithm, digest, Raw(f"@C:{key}@"))

    assertion = make_assertion(rng, identity, now, request, signature(0, identity["id"]))
    response_id = some_id(rng)
    response = samlp(
        "Response",
        saml("Issuer", issuer),
        signature(1, response_id),
        samlp("Status", samlp("StatusCode", Value="urn:oasis:names:tc:SAML:2.0:status:Success")),
        assertion,
        ID=response_id,
        Version="2.0",
        IssueInstant=iso(rng, identity["issued_at"]),
        Destination=RECIPIENT,
        InResponseTo=request,
    )
    text = spelled(rng, speller, response, assertion)
    entry = {
        "file": f"{number:05d}.xml",
        "certificate": f"{key}.pem",
        "now": now,
        "in_response_to": request,
        "signed": signed,
        "algorithm": algorithm,
        "digest": digest,
        "features": sorted(speller.features),
        "identity": identity,
        "must": "accept",
        "mutation": None,
        "xmlsec": {"assertion": None, "response": None},
    }
    return Document(text, entry)


def make_identity(rng, issuer, now):
    """What a reader must find."""
    issued = now - rng.randint(0, 200)
    attributes = []
    for name in rng.sample(NAMES, rng.randint(0, 5)):
        values = [" ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 3))) for _ in range(rng.randint(1, 4))]
        if rng.random() < 0.1:
            values[rng.randrange(len(values))] = ""
        friendly = rng.choice([None, None, "friendly", "two words"])
        attributes.append({"name": name, "friendly_name": friendly, "values": values})
    return {
        "id": some_id(rng),
        "issuer": issuer,
        "name_id": {
            "value": rng.choice([*PEOPLE, "x" * rng.randint(1, 200)]),
            "format": rng.choice(FORMATS),
            "name_qualifier": rng.choice([None, None, issuer]),
            "sp_name_qualifier": rng.choice([None, None, AUDIENCE]),
        },
        "recipient": RECIPIENT,
        "audiences": rng.choice([[AUDIENCE]] * 4 + [[AUDIENCE, "https://other.example.com"]]),
        "issued_at": issued,
        "one_time_use": rng.random() < 0.2,
        "authn": {
            "instant": issued - rng.randint(0, 3600),
            "session_ends_at": rng.choice([None, now + rng.randint(600, 40_000)]),
            "session_index": rng.choice([None, f"_{rng.getrandbits(64):x}", "a session & more"]),
            "context": f"urn:oasis:names:tc:SAML:2.0:ac:classes:{rng.choice(CONTEXTS)}",
        },
        "attributes": attributes,
    }


def make_assertion(rng, identity, now, request, signature):
    """The assertion that says so."""
    name_id, authn, attributes = identity["name_id"], identity["authn"], identity["attributes"]
    ends = iso(rng, now + rng.randint(30, 3000))
    subject = saml(
        "Subject",
        saml(
            "NameID",
            padded(rng, name_id["value"]),
            Format=name_id["format"],
            NameQualifier=name_id["name_qualifier"],
            SPNameQualifier=name_id["sp_name_qualifier"],
        ),
        saml(
            "SubjectConfirmation",
            saml(
                "SubjectConfirmationData",
                NotOnOrAfter=ends,
                Recipient=RECIPIENT,
                InResponseTo=request,
                Address=rng.choice([None, "192.0.2.1", "a\tb"]),
            ),
            Method="urn:oasis:names:tc:SAML:2.0:cm:bearer",
        ),
    )
    conditions = saml(
        "Conditions",
        saml("AudienceRestriction", *(saml("Audience", padded(rng, one)) for one in identity["audiences"])),
        saml("OneTimeUse") if identity["one_time_use"] else None,
        NotBefore=rng.choice([None, iso(rng, now - rng.randint(0, 300))]),
        NotOnOrAfter=ends,
    )
    statements = [
        saml(
            "AuthnStatement",
            saml("AuthnContext", saml("AuthnContextClassRef", padded(rng, authn["context"]))),
            AuthnInstant=iso(rng, authn["instant"]),
            SessionIndex=authn["session_index"],
            SessionNotOnOrAfter=authn["session_ends_at"] and iso(rng, authn["session_ends_at"]),
        )
    ]
    if attributes:
        statements.append(saml("AttributeStatement", *make_attributes(rng, attributes)))
        rng.shuffle(statements)
    return saml(
        "Assertion",
        saml("Issuer", padded(rng, identity["issuer"]), Format=rng.choice([None, ENTITY])),
        signature,
        subject,
        conditions,
        *statements,
        ID=identity["id"],
        Version="2.0",
        IssueInstant=iso(rng, identity["issued_at"]),
    )


def make_attributes(rng, attributes):
    typed = rng.choice([[], [((XSI, "type"), "xs:string")]])
    for one in attributes:
        values = []
        for value in one["values"]:
            element = saml("AttributeValue", padded(rng, value) if value else None)
            element.attributes += typed if value else []
            values.append(element)
        name_format = rng.choice([None, "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"])
        yield saml("Attribute", *values, Name=one["name"], NameFormat=name_format, FriendlyName=one["friendly_name"])


def make_signature(rng, speller, place, target, algorithm, digest, certificate):
    """The template of a signature over the element with the ID `target`."""
    prefixes = rng.choice([None] * 5 + ["xs", "xs xsi", "#default", "saml samlp", "ds saml2 xs", "nowhere", "#default xs"])
    if prefixes:
        speller.features.add("PrefixList")
    canonical = None
    if rng.random() < 0.1:
        speller.features.add("PrefixList of SignedInfo")
        canonical = exc("InclusiveNamespaces", PrefixList=rng.choice(["xs", "ds samlp", "#default"]))
    known = ds("X509Data", ds("X509Certificate", certificate))
    named = ds("KeyName", padded(rng, "key"))
    information = rng.choice([[], [], [known], [known], [named], [named, known]])
    return ds(
        "Signature",
        ds(
            "SignedInfo",
            ds("CanonicalizationMethod", canonical, Algorithm=EXC),
            ds("SignatureMethod", Algorithm=MORE + algorithm),
            ds(
                "Reference",
                ds(
                    "Transforms",
                    ds("Transform", Algorithm=f"{DS}enveloped-signature"),
                    ds("Transform", exc("InclusiveNamespaces", PrefixList=prefixes) if prefixes else None, Algorithm=EXC),
                ),
                ds("DigestMethod", Algorithm=DIGESTS[digest]),
                ds("DigestValue", Raw(f"@D{place}@")),
                URI=f"#{target}",
            ),
        ),
        ds("SignatureValue", Raw(f"@S{place}@")),
        ds("KeyInfo", *information) if information else None,
    )


def spelled(rng, speller, response, assertion):
    """The document, with namespaces declared and called as this one likes it."""
    prefixes = {
        SAML: rng.choice(["saml", "saml2", "", "a"]),
        SAMLP: rng.choice(["samlp", "saml2p", "", "p"]),
        DS: rng.choice(["ds", "dsig", "", "ds"]),
        EXC: rng.choice(["ec", "", "InclusiveNamespaces"]),
        XSI: "xsi",
        XS: "xs",
    }
    if rng.random() < 0.5:
        speller.features.add("declared on top")
        response.scope = {prefix: uri for uri, prefix in prefixes.items() if prefix and rng.random() < 0.7}
    if rng.random() < 0.2:
        assertion.scope = {"xs": XS, "xsi": XSI}
    if "" in prefixes.values():
        speller.features.add("default namespace")
    head = rng.choice(
        [
            "",
            "",
            '<?xml version="1.0"?>',
            '<?xml version="1.0" encoding="UTF-8"?>',
            f"<?xml version='1.0' encoding='utf-8' standalone='yes'?>{speller.end}",
        ]
    )
    tail = rng.choice(["", "", speller.end]) + (speller.between() if rng.random() < 0.2 else "")
    return head + speller.write(response, {}, prefixes) + tail


def some_id(rng):
    return rng.choice(["_", "id-", "pfx", "A.", "_ä"]) + f"{rng.getrandbits(96):x}"


def iso(rng, seconds):
    """A time as SAML writes it; fractions of a second are cut by readers, so they are zero or gone."""
    text = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return text + rng.choice(["Z", "Z", ".000Z", ".000000Z", ".0000000Z"])


def padded(rng, value):
    """A value as pretty-printers write it; readers trim."""
    return rng.choice([value] * 8 + [f" {value}", f"{value}\n    ", f"\n\t{value}\n"])


def maker(namespace):
    """Makes elements of one namespace; children and attributes that are None are left out."""

    def make(local, *children, **attributes):
        pairs = [(name, value) for name, value in attributes.items() if value is not None]
        return Element((namespace, local), pairs, children)

    return make


saml, samlp, ds, exc = maker(SAML), maker(SAMLP), maker(DS), maker(EXC)
