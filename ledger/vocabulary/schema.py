"""The JSON Schema of each type: derived from the very classes that decode, so that the two agree.

Added to what the classes say: the description of each member (its docstring), and the rules between
members that a class checks in code.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from msgspec import json

from ledger.vocabulary import parts
from ledger.vocabulary.event import Event, schema_path

if TYPE_CHECKING:
    from msgspec import Struct

DIALECT = "https://json-schema.org/draft/2020-12/schema"

PERSON_PRIVATE = "no name or address here: a natural person's belong into private.recipient"


@cache
def schema_of(name: str, event: type[Event]) -> dict[str, Any]:
    """Return the schema of a type's whole event, self-contained."""
    (top,), components = json.schema_components((event,), ref_template="#/$defs/{name}")
    own = components.pop(top["$ref"].rpartition("/")[2])
    definitions = {key: _described(key, value) for key, value in sorted(components.items())}
    properties: dict[str, Any] = own["properties"]
    _describe(properties, member_docs(Event))
    properties["type"] = {"const": name, "description": "What happened."}
    return {
        "$schema": DIALECT,
        "$id": schema_path(name),
        "title": name,
        "description": inspect.cleandoc(event.__doc__ or ""),
        "type": "object",
        "properties": {"type": properties.pop("type"), **properties},
        "required": sorted(own["required"]),
        "additionalProperties": False,
        "$defs": definitions,
    }


def _described(name: str, definition: dict[str, Any]) -> dict[str, Any]:
    """Add to a class's schema what its members mean, and the rules between them."""
    struct = _structs()[name]
    definition["description"] = inspect.cleandoc(struct.__doc__ or "")
    definition.pop("title", None)
    _describe(definition["properties"], member_docs(struct))
    if struct is parts.Subject:
        definition["oneOf"] = [
            {"required": ["reference"], "properties": {"reference": {"type": "object"}}},
            {"required": ["id"], "properties": {"id": {"type": "string"}}},
        ]
    if struct is parts.Recipient:
        person = {"enum": sorted(parts.NATURAL_PERSONS)}
        personal = {"type": "null", "description": PERSON_PRIVATE}
        definition["if"] = {"required": ["kind"], "properties": {"kind": person}}
        definition["then"] = {"properties": {"name": personal, "address": personal}}
        definition["else"] = {"required": ["name"], "properties": {"name": {"type": "string"}}}
    return definition


def _describe(properties: dict[str, Any], docs: dict[str, str]) -> None:
    """Give each member its description; its form's moves to `$comment`, for problems to quote."""
    for member, its in properties.items():
        if member in docs:
            if "description" in its:
                its["$comment"] = its["description"]
            its["description"] = docs[member]


@cache
def _structs() -> dict[str, type[parts.Part]]:
    """Return every class that facts are made of, by name."""
    found: dict[str, type[parts.Part]] = {}
    waiting = [parts.Part]
    while waiting:
        for struct in waiting.pop().__subclasses__():
            found[struct.__name__] = struct
            waiting.append(struct)
    return found


@cache
def member_docs(struct: type[Struct]) -> dict[str, str]:
    """Return what each member means: the string under it in the class that declares it."""
    docs: dict[str, str] = {}
    for each in reversed(struct.__mro__):
        if each.__module__.startswith("ledger."):
            docs |= _own_docs(each)
    return docs


def _own_docs(struct: type) -> dict[str, str]:
    source = textwrap.dedent(inspect.getsource(struct))
    tree = cast("ast.ClassDef", ast.parse(source).body[0])
    docs: dict[str, str] = {}
    for member, after in pairwise(tree.body):
        match member, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str() as text)),
            ):
                docs[name] = text
            case _:
                pass
    return docs
