"""Every answer of IAM held against the service model that the SDKs are made from: nothing missing, nothing unknown."""

import xml.etree.ElementTree as ElementTree


# Where AWS itself differs from its model (sts.md, 13.3): the type of a boundary, and the user that an account's root is.
BOUNDARY = "PermissionsBoundaryType"
ROOT = {"Path", "UserName"}


def judged(client):
    """The client, which from now on fails on an answer that the model does not describe."""
    service = client.meta.service_model.service_name
    client.meta.events.register_first(f"after-call.{service}", judge)
    return client


def judge(http_response, model, **_):
    if http_response.status_code >= 300:
        return
    root = ElementTree.fromstring(http_response.content)
    assert name(root) == f"{model.name}Response", name(root)
    parts = {name(part): part for part in root}
    assert parts["ResponseMetadata"][0].text, "no request id"
    shape = model.output_shape
    wrapper = shape and shape.serialization.get("resultWrapper")
    if not wrapper:
        assert set(parts) == {"ResponseMetadata"}, f"{model.name} has no result, and came with one"
    else:
        assert set(parts) == {wrapper, "ResponseMetadata"}, f"{model.name}: {set(parts)}"
        structure(parts[wrapper], shape, wrapper)


def structure(element, shape, path):
    found = {}
    for part in element:
        assert name(part) in shape.members, f"{path} has no member {name(part)}"
        assert name(part) not in found, f"{path} has two {name(part)}"
        found[name(part)] = part
    missing = set(shape.required_members) - set(found)
    if path == "GetUserResult.User" and found["Arn"].text.endswith(":root"):
        missing -= ROOT
    assert not missing, f"{path} lacks {missing}"
    for part, inner in found.items():
        value(inner, shape.members[part], f"{path}.{part}")


def value(element, shape, path):
    if shape.type_name == "structure":
        structure(element, shape, path)
    elif shape.type_name == "list":
        for number, part in enumerate(element):
            assert name(part) == "member", f"{path} has an item {name(part)}"
            value(part, shape.member, f"{path}[{number}]")
    elif shape.type_name == "map":
        for part in element:
            assert name(part) == "entry", f"{path} has an item {name(part)}"
    elif name(element) == BOUNDARY:
        assert element.text == "Policy", f"{path} is {element.text}"
    elif getattr(shape, "enum", None):
        assert element.text in shape.enum, f"{path} is {element.text}"


def name(element) -> str:
    return element.tag.rpartition("}")[2]
