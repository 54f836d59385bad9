"""The vocabulary: which facts there are, how they are said, and what the codes in them mean."""

from ledger.vocabulary.codes import CODES, SCHEMES, Code, Scheme, label
from ledger.vocabulary.event import Event, schema_path
from ledger.vocabulary.facts import FACTS, FactType, event_types, schema
from ledger.vocabulary.parse import event_from, parse_event, parse_events
from ledger.vocabulary.problems import InvalidEvent, Problem
from ledger.vocabulary.stored import (
    About,
    clear_bytes,
    is_sealed,
    linked,
    private_of,
    references,
    seal_of,
    subject_private_of,
    target,
    unlinked,
    wrong_subject,
)
from ledger.vocabulary.words import WORDS, word, words

__all__ = [
    "CODES",
    "FACTS",
    "SCHEMES",
    "WORDS",
    "About",
    "Code",
    "Event",
    "FactType",
    "InvalidEvent",
    "Problem",
    "Scheme",
    "clear_bytes",
    "event_from",
    "event_types",
    "is_sealed",
    "label",
    "linked",
    "parse_event",
    "parse_events",
    "private_of",
    "references",
    "schema",
    "schema_path",
    "seal_of",
    "subject_private_of",
    "target",
    "unlinked",
    "word",
    "words",
    "wrong_subject",
]
