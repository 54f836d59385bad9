"""The forms that text may take in a clear entry: codes, opaque references, organisations' names.

Each form is a pattern that reads the same in Python and in ECMAScript, so that the served JSON
Schema and the decoder agree. Texts that repeat from event to event (codes, systems, versions) carry
their pattern in the schema only, and `Known` remembers which were found good: looking one up in a
set costs a tenth of a match.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from msgspec import Meta

END = r"(?!\n)$"
"""The end of the text, also where `$` alone would let a line feed pass."""

CODE_PATTERN = (
    r"^[a-z][a-z.-]*(?:[0-9]{1,6}[a-z.-]+)*[0-9]{0,6}:"
    r"(?=[A-Za-z0-9])[A-Za-z._-]*(?:[0-9]{1,6}[A-Za-z._-]+)*[0-9]{0,6}" + END
)
OPAQUE_PATTERN = (
    r"^(?:[A-Za-z][A-Za-z0-9_.:/#-]*"
    r"|(?=[0-9_.:/#-]*[A-Za-z])[0-9][A-Za-z0-9_.:/#-]*"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9][0-9_.:/#-]{0,5})" + END
)
EVENT_ID_PATTERN = r"^(?!\+[0-9])[!#-&(-?A-\[\]-_a-~]+" + END
SOURCE_PATTERN = r"^[A-Za-z0-9/][A-Za-z0-9._~:/-]*" + END
WORD_PATTERN = r"^[a-z][a-z0-9_]*" + END
FIELD_PATTERN = r"^[a-z][a-z_.]*(?:[0-9]{1,6}[a-z_.]+)*[0-9]{0,6}" + END
LINE_PATTERN = r"^[^@\u0000-\u001f\u007f]+" + END
LANGUAGE_PATTERN = r"^[a-z]{2,3}(?:-[A-Z]{2})?" + END
POINTER_PATTERN = r"^(?:/[a-z_]{1,40}|/[0-9]{1,4}){1,8}" + END
DIGEST_PATTERN = r"^sha256:[0-9a-f]{64}" + END
ROOT_PATTERN = r"^[A-Za-z0-9+/]{43}=" + END
LOCATION_PATTERN = r"^https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?" + END
TRACE_PATTERN = r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}" + END
SUBJECT_ID_PATTERN = r"^[0-9a-f]{32}" + END
KEY_ID_PATTERN = r"^[A-Za-z0-9._/-]+\+[0-9a-f]{8}" + END

MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exact."""


def _repeating(title: str, pattern: str, longest: int, description: str, example: str) -> Meta:
    """Describe a form whose values repeat from event to event: `Known` checks it."""
    return Meta(
        title=title,
        min_length=1,
        max_length=longest,
        description=description,
        examples=[example],
        extra_json_schema={"pattern": pattern},
        extra={"pattern": pattern},
    )


def _fresh(title: str, pattern: str, longest: int, description: str, example: str) -> Meta:
    """Describe a form whose values are new in each event: the decoder matches it."""
    return Meta(
        title=title,
        min_length=1,
        max_length=longest,
        pattern=pattern,
        description=description,
        examples=[example],
    )


Code = Annotated[
    str,
    _repeating(
        "code",
        CODE_PATTERN,
        128,
        "a code, prefix:Local, such as dpv:DirectMarketing: no space, no @, no run of seven digits",
        "dpv:ServiceProvision",
    ),
]
"""A word of some scheme. Any well-formed one is recorded; whether it is known is judged later."""

Opaque = Annotated[
    str,
    _fresh(
        "opaque reference",
        OPAQUE_PATTERN,
        128,
        "an opaque reference such as TKT-4512: letters, digits and _.:/#-, no space, no @;"
        " seven or more characters need a letter, so that no telephone number passes",
        "TKT-4512",
    ),
]
"""Names a ticket, an order, a case, a file in another system. Never a person."""

System = Annotated[
    str,
    _repeating(
        "opaque reference",
        OPAQUE_PATTERN,
        64,
        "an opaque reference such as crm-1: letters, digits and _.:/#-, no space, no @;"
        " seven or more characters need a letter",
        "crm",
    ),
]
"""An opaque reference whose values are few: a system, a policy, a version, an organisation's id."""

EventId = Annotated[
    str,
    _fresh(
        "identifier",
        EVENT_ID_PATTERN,
        128,
        "an identifier of printable ASCII: no space, quote, backslash or @, no telephone number",
        "01JDCZ8V3Q",
    ),
]
Source = Annotated[
    str,
    _repeating("source", SOURCE_PATTERN, 128, "the emitter's name as a URI path", "/services/billing"),
]
Word = Annotated[str, _repeating("word", WORD_PATTERN, 32, "a word in lower case such as customer", "customer")]
Field = Annotated[
    str,
    _repeating(
        "name of a field",
        FIELD_PATTERN,
        64,
        "a field's name in lower case such as contact.email, never its value",
        "contact.email",
    ),
]
Line = Annotated[
    str,
    _repeating(
        "name or address",
        LINE_PATTERN,
        200,
        "the name or address of an organisation on one line, without @",
        "Example Inc.",
    ),
]
Language = Annotated[str, _repeating("language", LANGUAGE_PATTERN, 6, "a language tag such as fr or fr-CA", "fr")]
Pointer = Annotated[
    str,
    _repeating(
        "JSON pointer",
        POINTER_PATTERN,
        200,
        "a JSON pointer to a member of the target's data",
        "/categories",
    ),
]
Digest = Annotated[
    str,
    _fresh("digest", DIGEST_PATTERN, 71, "sha256: and 64 hexadecimal digits", "sha256:" + "0" * 64),
]
Root = Annotated[str, _fresh("base64 of 32 bytes", ROOT_PATTERN, 44, "the base64 of 32 bytes", "A" * 43 + "=")]
Location = Annotated[
    str,
    _repeating(
        "web address",
        LOCATION_PATTERN,
        200,
        "a web address without query",
        "https://www.example.com/privacy",
    ),
]
TraceParent = Annotated[
    str,
    _fresh(
        "traceparent",
        TRACE_PATTERN,
        55,
        "a W3C traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ),
]
KeyId = Annotated[
    str,
    _repeating(
        "key name",
        KEY_ID_PATTERN,
        200,
        "name+hash of a signed note's key",
        "whosaw.example/log0+1a2b3c4d",
    ),
]
SubjectId = Annotated[
    str,
    _fresh(
        "subject id",
        SUBJECT_ID_PATTERN,
        32,
        "32 hexadecimal digits, as an answer gave them",
        "0" * 32,
    ),
]

Time = Annotated[
    datetime,
    Meta(
        tz=True,
        description="an RFC 3339 date-time with its offset, kept to the microsecond",
        examples=["2026-11-23T15:04:44-05:00"],
    ),
]
Day = Annotated[date, Meta(description="a calendar day", examples=["2026-12-23"])]
Count = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Ordinal = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]

# What goes into an envelope may say anything, within bounds.
ReferenceValue = Annotated[
    str, Meta(min_length=1, max_length=320, description="the reference as the company writes it")
]
PrivateText = Annotated[str, Meta(min_length=1, max_length=500, description="text for the envelope")]
Note = Annotated[str, Meta(min_length=1, max_length=2000, description="a note for the envelope")]
PersonId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        description="who acted; for the envelope, the entry keeps a keyed hash",
    ),
]


class Known:
    """The texts of one form that were found good. Threads may share it."""

    MOST = 20_000
    """Beyond this many, texts are matched and forgotten: made-up codes must not fill the memory."""

    def __init__(self, pattern: str) -> None:
        self._match = re.compile(pattern).search
        self.texts: set[str | None] = {None}
        """None is in it: an absent member is good."""

    def admits(self, texts: Any) -> bool:
        """Return whether each of the texts has the form."""
        if self.texts.issuperset(texts):
            return True
        for text in texts:
            if text in self.texts:
                continue
            if self._match(text) is None:
                return False
            if len(self.texts) < self.MOST:
                self.texts.add(text)
        return True
