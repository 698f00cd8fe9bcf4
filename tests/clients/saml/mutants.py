"""Documents with one signed value, or one token, changed."""

import re

from responses import Document
from spelling import DS, EXC

TOKEN = re.compile(r"<!--.*?-->|<\?.*?\?>|</?[^<>]*>|[^<]+", re.S)


def change_value(rng, text):
    """Changes one letter of one signed value of the assertion; None where there is nothing to change."""

    def blank(found):
        return " " * len(found[0])

    # What is not signed, or whose change changes nothing: comments, references, declarations, the signature itself.
    seen = re.sub(r"<!--.*?-->", blank, text, flags=re.S)
    seen = re.sub(r"<(?:[\w.-]+:)?Signature\b.*?</(?:[\w.-]+:)?Signature\s*>", blank, seen, flags=re.S)
    seen = re.sub(r"&[^;]*;|\bxmlns(:[\w.-]+)?\s*=\s*(\"[^\"]*\"|'[^']*')", blank, seen)
    start = re.search(r"<(?:[\w.-]+:)?Assertion\b", seen).start()
    stop = re.search(r"</(?:[\w.-]+:)?Assertion\s*>", seen).start() + 1
    places = []
    for found in re.finditer(r">([^<]+)<|=\s*(\"[^\"]*\"|'[^']*')", seen[start:stop]):
        first, last = found.span(1) if found[1] is not None else found.span(2)
        places += [place for place in range(start + first, start + last) if seen[place].isascii() and seen[place].isalnum()]
    if not places:
        return None
    place = rng.choice(places)
    other = rng.choice([letter for letter in "abcXYZ019" if letter != text[place]])
    before = re.sub(r"\s+", " ", text[max(0, place - 30) : place])
    return text[:place] + other + text[place + 1 :], f"{text[place]!r} became {other!r} after {before!r}"


def change_token(rng, text):
    """Changes one token, anywhere."""
    tokens = TOKEN.findall(text)
    place = rng.randrange(len(tokens))
    token = tokens[place]
    in_tag = token.startswith("<") and not token.startswith(("<!--", "<?"))

    def characters(low=1):
        at = rng.randrange(low, max(low + 1, len(token)))
        with_ = rng.choice(
            [
                "",
                "x",
                " ",
                "&",
                "<",
                ">",
                '"',
                "'",
                "\0",
                "\x0b",
                "\ufeff",
                "\u202e",
                ":",
                "=",
                "\n",
                "\r",
                "&#0;",
                "&lt;",
                "&nbsp;",
                "é",
            ]
        )
        return token[:at] + with_ + token[at + 1 :]

    def attribute(change):
        found = list(re.finditer(r"([\w:.-]+)(\s*=\s*)(\"[^\"]*\"|'[^']*')", token))
        if not found:
            return token
        one = rng.choice(found)
        return token[: one.start()] + change(one) + token[one.end() :]

    changes = {
        "token removed": lambda: "",
        "token twice": lambda: token * 2,
        "a character": lambda: characters(0),
        "a comment": lambda: token + "<!-- new -->",
        "a comment in front": lambda: "<!---->" + token,
        "an instruction": lambda: token + "<?new one?>",
        "CDATA": lambda: token + rng.choice(["<![CDATA[]]>", "<![CDATA[x]]>"]),
        "white space": lambda: token + rng.choice([" ", "\n", "\t", "\r\n", "&#13;", "&#32;"]),
        "text": lambda: token + "x",
        "a reference": lambda: token + rng.choice(["&#x41;", "&new;", "&amp;", "&#x110000;"]),
        "a doctype": lambda: token + '<!DOCTYPE x [<!ENTITY new "x">]>',
        "quotes": lambda: attribute(
            lambda one: one[1] + one[2] + (lambda q: q + one[3][1:-1].replace(q, "") + q)("'" if one[3][0] == '"' else '"')
        ),
        "an attribute removed": lambda: attribute(lambda one: ""),
        "an attribute twice": lambda: attribute(lambda one: f"{one[0]} {one[0]}"),
        "an attribute's name": lambda: attribute(lambda one: one[1] + "x" + one[2] + one[3]),
        "an attribute's prefix": lambda: attribute(lambda one: rng.choice(["x:", "xml:", "saml:", "xmlns:"]) + one[0]),
        "an attribute's value": lambda: attribute(
            lambda one: (
                one[1]
                + one[2]
                + rng.choice(
                    [
                        '""',
                        '" "',
                        '"x"',
                        '"#"',
                        "'" + DS + "sha1'",
                        f'"{EXC}WithComments"',
                        '"http://www.w3.org/TR/2001/REC-xml-c14n-20010315"',
                        f'"{DS}rsa-sha1"',
                        f'"{DS}hmac-sha1"',
                    ]
                )
            )
        ),
        "white space in a value": lambda: attribute(
            lambda one: one[1] + one[2] + one[3][0] + rng.choice([" ", "\n", "\t"]) + one[3][1:]
        ),
        "another ID": lambda: (
            re.sub(
                r"^(<[^\s/>]+)",
                rf"\1 {rng.choice(['Id', 'id', 'ID', 'xml:id', 'AssertionID'])}='{rng.choice('_ab')}'",
                token,
            )
            if in_tag and not token.startswith("</")
            else token
        ),
        "a declaration": lambda: (
            re.sub(
                r"^(<[^\s/>]+)",
                lambda m: (
                    m[1]
                    + rng.choice(
                        [
                            ' xmlns:new="urn:new"',
                            ' xmlns=""',
                            ' xmlns="urn:new"',
                            ' xmlns:saml="urn:new"',
                            ' xmlns:xml="http://www.w3.org/XML/1998/namespace"',
                            ' xmlns:new="relative"',
                            ' xml:lang="en"',
                        ]
                    )
                ),
                token,
            )
            if in_tag and not token.startswith("</")
            else token
        ),
        "a prefix": lambda: (
            re.sub(r"^(</?)([\w.-]+:)?", lambda m: m[1] + rng.choice(["", "x:", "saml:", "ds:"]), token) if in_tag else token
        ),
        "an element's name": lambda: re.sub(r"^(</?(?:[\w.-]+:)?[\w.-]+)", r"\1x", token) if in_tag else token,
        "cut off": lambda: None,
        "tokens exchanged": lambda: None,
    }
    what = rng.choice(list(changes))
    if what == "cut off":
        return "".join(tokens[:place]), what
    if what == "tokens exchanged":
        other = min(place + 1, len(tokens) - 1)
        tokens[place], tokens[other] = tokens[other], tokens[place]
        return "".join(tokens), what
    tokens[place] = changes[what]()
    return "".join(tokens), f"{what} at {re.sub(r'[^ -~]+', ' ', token)[:60]!r}"


def mutant(rng, text, entry, kind, number):
    while True:
        made = (change_value if kind == "value" else change_token)(rng, text)
        if made is None:
            kind = "token"
        elif made[0] != text:
            break
    return Document(
        made[0],
        {
            **entry,
            "file": f"{number:05d}-{kind}.xml",
            "must": "refuse" if kind == "value" else "agree",
            "mutation": {"of": entry["file"], "kind": kind, "what": made[1]},
            "xmlsec": {"assertion": None, "response": None},
        },
    )
