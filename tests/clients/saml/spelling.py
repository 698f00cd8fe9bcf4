"""An XML document as a tree, and the many ways to write it."""

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XS = "http://www.w3.org/2001/XMLSchema"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"


class Element:
    """An element before it is spelled: names are (namespace, local), children are elements or text."""

    def __init__(self, name, attributes=(), children=(), scope=()):
        self.name = name
        self.attributes = list(attributes)
        self.children = [child for child in children if child is not None]
        self.scope = dict(scope)  # declared here, though perhaps not needed: prefix -> namespace


class Raw(str):
    """Text that is spelled already."""


class Speller:
    """Writes one document. What it chooses, it notes in `features`."""

    def __init__(self, rng, end):
        self.rng = rng
        self.features = {"CRLF"} if end == "\r\n" else set()
        self.end = end
        self.loose = rng.random()
        self.referring = rng.choice([0, 0, 0.05, 0.3])
        self.commenting = rng.choice([0, 0, 0.05, 0.2])
        self.spacing = rng.choice([0, 0, 0.3, 1])
        self.tagging = rng.choice([0, 0, 0.2])
        self.splitting = rng.choice([0, 0, 0, 0.1])

    def chance(self, probability, feature):
        if self.rng.random() >= probability:
            return False
        self.features.add(feature)
        return True

    def space(self, least=0):
        """White space inside a tag."""
        if not self.chance(self.tagging, "white space in tags"):
            return " " * least
        return "".join(self.rng.choice([" ", "  ", "\t", self.end]) for _ in range(max(least, self.rng.randint(1, 3))))

    def between(self):
        """White space and comments between elements."""
        text = ""
        if self.chance(self.spacing, "indentation"):
            text += self.rng.choice([self.end, self.end + "  ", " ", "\t", self.end * 2])
        if self.chance(self.commenting, "comments"):
            text += f"<!--{self.rng.choice(['', ' a comment ', 'admins', '<saml:NameID>root</saml:NameID>', self.end])}-->"
        return text

    def reference(self, character):
        code = ord(character)
        return self.rng.choice([f"&#{code};", f"&#x{code:x};", f"&#x{code:X};", f"&#{code:07d};"])

    def text(self, value):
        if isinstance(value, Raw):
            return value
        written = []
        for place, character in enumerate(value):
            if place and self.chance(self.splitting, "comments in values"):
                written.append("<!--x-->")
            if character == "&":
                written.append(self.rng.choice(["&amp;", "&#38;", "&#x26;"]))
            elif character == "<":
                written.append(self.rng.choice(["&lt;", "&#60;"]))
            elif character == ">":
                # Bare it is allowed, but for the end of a CDATA section.
                written.append("&gt;" if value[:place].endswith("]]") else self.rng.choice(["&gt;", ">", "&#62;"]))
            elif character == "\r" or self.chance(self.referring, "character references"):
                written.append(self.reference(character))
            else:
                written.append(character)
        return "".join(written)

    def value(self, value, plain=False):
        """An attribute's value with its quotes; `plain`: without references."""
        quote = self.rng.choice('"' if self.loose < 0.5 else "\"'")
        written = []
        for character in value:
            if character == "&":
                written.append(self.rng.choice(["&amp;", "&#38;"]))
            elif character == "<":
                written.append("&lt;")
            elif character == quote:
                written.append({'"': "&quot;", "'": "&apos;"}[quote])
            elif character in "\r\n\t":
                # Bare it would be read as a space.
                self.features.add("a tab in an attribute")
                written.append(self.reference(character))
            elif not plain and self.chance(self.referring, "character references"):
                written.append(self.reference(character))
            elif character == " " and self.chance(self.tagging, "raw white space in attributes"):
                written.append(self.rng.choice(["\t", "\n", "\r\n", "\r"]))
            else:
                written.append(character)
        return quote + "".join(written) + quote

    def write(self, element, scope, prefixes):
        """`scope` is what is declared above; `prefixes` is how this document likes to call namespaces."""
        namespace, local = element.name
        declared = dict(element.scope)
        now = {**scope, **declared}
        prefix = self.prefix_for(namespace, now, prefixes, attribute=False)
        if now.get(prefix) != namespace:
            declared[prefix] = now[prefix] = namespace
        pairs = []
        for name, value in element.attributes:
            if isinstance(name, tuple):
                chosen = self.prefix_for(name[0], now, prefixes, attribute=True)
                if chosen in (prefix, "xs"):
                    chosen = "xsi9"
                if now.get(chosen) != name[0]:
                    declared[chosen] = now[chosen] = name[0]
                if name == (XSI, "type"):
                    # The value names a type by a prefix of its own.
                    if now.get("xs") != XS and prefix != "xs":
                        declared["xs"] = now["xs"] = XS
                name = f"{chosen}:{name[1]}"
            pairs.append((name, value))
        if self.chance(0.1 if self.loose > 0.6 else 0, "declared again"):
            again = self.rng.choice(sorted(now) or [prefix])
            declared[again] = now[again]
        if self.chance(0.1 if self.loose > 0.7 else 0, "declared in vain"):
            free = self.rng.choice(["unused", "x", "zz", "a"])
            if free not in now:
                declared[free] = now[free] = f"urn:example:{free}"
        if prefix and now.get("") and self.chance(0.05 if self.loose > 0.7 else 0, "default undeclared"):
            declared[""] = now[""] = ""
        pairs += [(f"xmlns:{name}" if name else "xmlns", uri) for name, uri in declared.items()]
        if self.loose > 0.4:
            self.rng.shuffle(pairs)
        tag = f"{prefix}:{local}" if prefix else local
        # No references in the names of namespaces: libxml2 2.9 canonicalises some of them wrongly, and readers refuse them.
        written = (
            self.space(1) + name + self.space() + "=" + self.space() + self.value(value, plain=name.startswith("xmlns"))
            for name, value in pairs
        )
        start = f"<{tag}" + "".join(written) + self.space()
        if not element.children:
            return start + ("/>" if self.rng.random() < 0.7 else f"></{tag}{self.space()}>")
        whole = any(isinstance(child, str) for child in element.children)
        inner = "" if whole else self.between()
        for child in element.children:
            inner += self.text(child) if isinstance(child, str) else self.write(child, now, prefixes) + self.between()
        return f"{start}>{inner}</{tag}{self.space()}>"

    def prefix_for(self, namespace, scope, prefixes, attribute):
        """A prefix for the namespace: usually one that is declared, at times a new one."""
        known = [prefix for prefix, uri in sorted(scope.items()) if uri == namespace and (prefix or not attribute)]
        if known and not self.chance(0.05 if self.loose > 0.6 else 0, "another prefix"):
            return self.rng.choice(known) if self.loose > 0.8 else known[0]
        if prefixes.get(namespace) == "" and attribute:
            return "q"
        if known or self.loose > 0.9:
            return self.rng.choice(["ns1", "n", "q1", "saml", "samlp", "ds"] + ([] if attribute else [""]))
        return prefixes[namespace]
