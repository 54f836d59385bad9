# ruff: noqa: E501 - a row of a Markdown table is one line
"""The page docs/vocabulary.md, written from the vocabulary itself.

`python -m ledger.vocabulary.page > docs/vocabulary.md`
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ledger.vocabulary.codes import CODES, SCHEMES
from ledger.vocabulary.facts import FACTS, FactType
from ledger.vocabulary.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENING = """\
# Vocabulary

The facts that the ledger records, member by member. This page is written by `python -m ledger.vocabulary.page` from the
classes that parse them; a test compares the two. The JSON Schema of each type is served at the path given with it.

## What may stand in the clear

An entry's clear members are codes, counts, dates and opaque references. Whatever is specific to a person stands in
`private`, in a subject's `reference` or `private`, in a linked `identifier`, or is the id of a person at work: those leave
the entry for the references table and for envelopes, which can be erased. Unknown members are refused.

| form | what passes | what does not |
|---|---|---|
| code | `prefix:Local`, at most 128 characters; any well-formed one is recorded, unknown ones are judged later | spaces, `@`, seven digits in a row |
| opaque reference (ticket, order, request, system, version) | letters, digits and `_.:/#-`, at most 128 characters (64 for systems, policies, versions and organisations' ids); seven or more characters need a letter, or are a date | spaces, `@`, anything like a telephone number |
| identifier of an event | printable ASCII, at most 128 characters | spaces, quotes, backslash, `@`, a plus sign before digits |
| name or address of an organisation | one line, at most 200 characters | `@`, control characters. A natural person's stand in `private.recipient` |
| name of a field | lower case, `_`, `.` and digits | values: a field's name never says what is in it |
| time | RFC 3339 with its offset, kept to the microsecond | local times, moments that do not exist |
| closed word | one of those listed with its member | any other |

A member that may be `null` and is required says so: the emitter states that it does not know, which is a gap to be judged
and never a reason to refuse. A member equal to its default is left out of the stored entry.

`subjects` says whom the fact is about: one to 100,000, each with a `role` and either a `reference` (`kind`, `value`) or the
`id` that an answer gave. `actor` is `{"kind": "human", "id", "role"}`, `{"kind": "external", "id", "role"}` or
`{"kind": "service", "id", "role"}`; of the first two the entry keeps a keyed hash of the id. A fact about no person is
found by a reference of kind `policy` or `ledger`.
"""

COMMON = (
    "actor",
    "subjects",
    "on_behalf_of",
    "system",
    "jurisdiction",
    "policy_version",
    "evidence_ref",
    "classification",
    "occurred",
    "visibility",
    "private",
)
"""Members that most types have: explained once."""


def page() -> str:
    """Return the page as Markdown."""
    parts = [OPENING, *_attributes(), *_common(), "\n## Types\n"]
    parts += [_type(fact) for fact in FACTS.values()]
    parts += _parts()
    parts += _words()
    parts += _codes()
    return "\n".join(parts)


def _attributes() -> Iterator[str]:
    yield "## Attributes of an event\n\nThose of CloudEvents 1.0. In plain JSON they stand beside `data`.\n"
    schema = FACTS["data.used"].schema
    yield _table(schema, skip=())


def _common() -> Iterator[str]:
    yield "\n## Members that every fact may have\n"
    schema = FACTS["data.used"].schema
    data = _definition(schema, schema["properties"]["data"])
    yield _table({**data, "properties": {name: data["properties"][name] for name in COMMON}}, skip=())


def _type(fact: FactType) -> str:
    data = _definition(fact.schema, fact.schema["properties"]["data"])
    lines = [
        f"### {fact.name}\n",
        f"{fact.description['en']} *{fact.description['fr']}* Schema: `{fact.schema_path}`.\n",
    ]
    if "subjects" not in data["properties"]:
        lines.append("It is about no person: it has no `subjects`.\n")
    elif "subjects" not in data["required"]:
        lines.append("`subjects` may be absent.\n")
    private = data["properties"].get("private")
    if private is not None:
        members = _definition(fact.schema, private["anyOf"][-1 if "$ref" in private["anyOf"][-1] else 0])["properties"]
        lines.append(f"In `private`: {', '.join(f'`{member}`' for member in members)}.\n")
    lines.append(
        _table(
            data,
            skip=COMMON if fact.name != "data.erased" else tuple(name for name in COMMON if name != "system"),
        )
    )
    return "\n".join(lines)


def _parts() -> Iterator[str]:
    """Yield the objects that stand within facts."""
    yield "\n## Objects within facts\n"
    found: dict[str, Any] = {}
    for fact in FACTS.values():
        data = fact.schema["properties"]["data"]["$ref"].rpartition("/")[2]
        found |= {name: its for name, its in fact.schema["$defs"].items() if name != data}
    for name in sorted(found):
        yield f"### {name}\n\n{found[name]['description'].splitlines()[0]}\n\n{_table(found[name], skip=())}"


def _words() -> Iterator[str]:
    yield "\n## Closed words\n"
    yield "| word of | word | English | French |\n|---|---|---|---|"
    for of, table in sorted(WORDS.items()):
        if of not in ("type", "type_description"):
            for value, labels in table.items():
                yield f"| {of} | `{value}` | {labels['en']} | {labels['fr']} |"


def _codes() -> Iterator[str]:
    yield "\n## Codes\n"
    for prefix, scheme in sorted(SCHEMES.items()):
        yield f"### {prefix}: {scheme.title['en']}, version {scheme.version}\n\n<{scheme.namespace}>\n"
        yield "| code | English | French |\n|---|---|---|"
        for code, its in CODES.items():
            if its.scheme == prefix:
                yield f"| `{code}` | {its.labels['en']} | {its.labels['fr']} |"
        yield ""


def _definition(schema: dict[str, Any], its: dict[str, Any]) -> dict[str, Any]:
    definition: dict[str, Any] = schema["$defs"][its["$ref"].rpartition("/")[2]]
    return definition


def _table(definition: dict[str, Any], *, skip: tuple[str, ...]) -> str:
    """Return a table of an object's members: those required first."""
    required: list[str] = definition.get("required", [])
    members = [name for name in definition["properties"] if name not in skip]
    members.sort(key=lambda name: name not in required)
    lines = ["| member | required | value | meaning |", "|---|---|---|---|"]
    for name in members:
        its = definition["properties"][name]
        lines.append(
            f"| `{name}` | {'yes' if name in required else ''} | {_value(its)} | {its.get('description', '')} |"
        )
    return "\n".join(lines) + "\n"


def _value(its: dict[str, Any]) -> str:  # noqa: PLR0911 - one for each kind
    """Say in a word or two what may stand in a member."""
    if "anyOf" in its:
        return " or ".join(dict.fromkeys(_value(each) for each in its["anyOf"]))
    if "$ref" in its:
        return its["$ref"].rpartition("/")[2]
    if "enum" in its or "const" in its:
        return ", ".join("null" if value is None else f"`{value}`" for value in its.get("enum", [its.get("const")]))
    if its.get("type") == "array":
        return f"list of: {_value(its['items'])}"
    if "format" in its:
        return {"date-time": "time", "date": "day"}[its["format"]]
    if its.get("type") == "string":
        return str(its.get("title", "text"))
    return {"integer": "whole number", "boolean": "true or false", "null": "null"}.get(its.get("type", ""), "any")


if __name__ == "__main__":
    sys.stdout.write(page())
