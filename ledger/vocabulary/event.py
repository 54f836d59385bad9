"""An event: the wire form of a fact, a CloudEvent whose data has the type's own shape."""

from typing import Annotated, Any, ClassVar, Literal, cast

from msgspec import Meta, Struct, defstruct

from ledger.vocabulary.forms import END, Count, EventId, Source, Time, TraceParent
from ledger.vocabulary.parts import Data

ADDRESS = "the address of this type's own schema"

VERSION = 1
"""Version of each type's schema, so far."""


class Event(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """An event as a service sends it. Immutable by convention: threads may share it.

    Source: CloudEvents 1.0; extensions recordedtime, correlation, sequence, distributed tracing.
    """

    type: ClassVar[str]
    """What happened, such as data.disclosed."""

    source: Source
    """The emitter's name for itself, bound to its key."""
    id: EventId
    """Unique within the source; sending it again is safe."""
    time: Time
    """When it happened, or began."""
    data: Data
    """The fact."""
    recordedtime: Time | None = None
    """When the emitter wrote it down."""
    correlationid: EventId | None = None
    """The case that it belongs to."""
    causationid: EventId | None = None
    """The id of the event that led to it."""
    sequence: Count | None = None
    """The emitter's own count, without holes."""
    traceparent: TraceParent | None = None
    """The trace that it was sent in; not recorded."""
    specversion: Literal["1.0"] = "1.0"
    """Of CloudEvents."""
    datacontenttype: Literal["application/json"] = "application/json"
    """Of the data."""
    dataschema: str | None = None
    """Address of the type's schema, if given."""


def schema_path(name: str) -> str:
    """Return the path that a type's schema is served at, and that `dataschema` ends with."""
    return f"/v1/schemas/{name}.v{VERSION}"


def _address_pattern(name: str) -> str:
    path = schema_path(name).replace(".", r"\.")
    return rf"^(?:https?://[A-Za-z0-9.:\[\]-]{{1,253}})?{path}" + END


def event_of(name: str, data: type[Data]) -> type[Event]:
    """Return the event class of a type."""
    address: Any = Annotated[str, Meta(max_length=300, pattern=_address_pattern(name), description=ADDRESS)]
    fields: list[Any] = [("data", data), ("dataschema", address | None, None)]
    words = "".join(word.capitalize() for part in name.split(".") for word in part.split("_"))
    event = defstruct(
        f"{words}Event",
        fields,
        bases=(Event,),
        namespace={"type": name, "__doc__": data.__doc__},
        module=__name__,
        tag_field="type",
        tag=name,
        kw_only=True,
        omit_defaults=True,
        forbid_unknown_fields=True,
        gc=False,
    )
    return cast("type[Event]", event)
