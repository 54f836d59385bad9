"""Codes and words: everything that people read has an English and a French label."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from msgspec import inspect

from ledger.vocabulary import CODES, FACTS, SCHEMES, event_types, label, word, words
from ledger.vocabulary.codes import covered, kinds
from ledger.vocabulary.forms import CODE_PATTERN
from ledger.vocabulary.parts import NATURAL_PERSONS, Part
from ledger.vocabulary.words import ENUMERATIONS, WORDS, enumeration
from tests.vocabulary.events import REQUIRED

POLICY = Path(__file__).parents[2] / "examples" / "company" / "policy.toml"

# What the purposes and data of the seed policy are mapped to.
MAPPED = [
    "dpv:IdentityVerification",
    "fideslang:essential.service.authentication",
    "dpv:UserInterfacePersonalisation",
    "fideslang:personalize.content",
    "dpv:CommunicationManagement",
    "fideslang:essential.service.notifications.email",
    "fideslang:marketing.communications.email",
    "dpv:OptimiseUserInterface",
    "fideslang:analytics.reporting.content_performance",
    "dpv:DirectMarketing",
    "fideslang:marketing.communications",
    "dpv:CustomerOrderManagement",
    "dpv:PaymentManagement",
    "fideslang:essential.service",
    "fideslang:essential.service.payment_processing",
    "dpv:CommunicationForCustomerCare",
    "dpv:DisputeManagement",
    "dpv:RightsFulfilment",
    "fideslang:essential.service.operations.support",
    "dpv:ImproveExistingProductsAndServices",
    "fideslang:functional.service.improve",
    "dpv:CommercialResearch",
    "fideslang:analytics.reporting",
    "dpv:ServiceUsageAnalytics",
    "dpv:IdentityAuthentication",
    "sector-finance:DebtManagement",
    "dpv:CustomerClaimsManagement",
    "fideslang:finance",
    "sector-law:LawEnforcement",
    "dpv:LegalCompliance",
    "fideslang:third_party_sharing.legal_obligation",
    "fideslang:essential.legal_obligation",
    "pd:Name",
    "pd:EmailAddress",
    "pd:TelephoneNumber",
    "pd:PhysicalAddress",
    "pd:Username",
    "pd:Password",
    "fideslang:user.name",
    "fideslang:user.contact.email",
    "fideslang:user.contact.phone_number",
    "fideslang:user.contact.address",
    "fideslang:user.account.username",
    "fideslang:user.authorization.password",
    "pd:PaymentCard",
    "pd:PaymentCardNumber",
    "pd:BankAccount",
    "pd:Transaction",
    "fideslang:user.payment",
    "fideslang:user.financial.credit_card",
    "fideslang:user.financial.bank_account",
    "fideslang:user.behavior.purchase_history",
    "pd:Communication",
    "pd:Opinion",
    "fideslang:user.content.private",
    "pd:VoiceCommunicationRecording",
    "fideslang:user.biometric.voice",
    "pd:CallLog",
    "pd:VoiceMail",
    "pd:ServiceConsumptionBehaviour",
    "pd:IPAddress",
    "fideslang:user.device.ip_address",
    "fideslang:user.telemetry",
    "pd:UID",
    "pd:BrowsingBehaviour",
    "pd:UserAgent",
    "fideslang:user.device.cookie_id",
    "fideslang:user.behavior.browsing_history",
]


def codes_in(value: Any) -> list[str]:
    """Return every text that is written as a code."""
    if isinstance(value, dict):
        return [code for its in value.values() for code in codes_in(its)]
    if isinstance(value, list):
        return [code for its in value for code in codes_in(its)]
    written = (
        isinstance(value, str)
        and re.search(CODE_PATTERN, value)
        and not value.startswith(("http:", "https:", "sha256:"))
    )
    return [value] if written else []


@pytest.mark.parametrize("code", MAPPED)
def test_each_code_that_the_seed_policy_is_mapped_to_has_both_labels(code: str) -> None:
    assert CODES[code].labels["en"]
    assert CODES[code].labels["fr"]


def test_each_code_of_the_policy_file_has_both_labels() -> None:
    used = set(codes_in(tomllib.loads(POLICY.read_text(encoding="utf-8"))))
    assert len(used) > 100
    assert used <= set(CODES)


def test_each_code_that_the_tests_use_is_known() -> None:
    known = set(codes_in(REQUIRED)) - {"whosaw:6.1"}
    assert known <= set(CODES)


def test_every_code_is_well_formed_and_labelled() -> None:
    for code, its in CODES.items():
        assert re.search(CODE_PATTERN, code)
        assert its.code == code
        assert its.version == SCHEMES[its.scheme].version
        assert set(its.labels) == {"en", "fr"}
        assert all(text.strip() == text != "" for text in its.labels.values())
        assert its.definition is None or set(its.definition) == {"en", "fr"}
    assert set(CODES) >= NATURAL_PERSONS


def test_a_code_of_ours_stands_for_anybody() -> None:
    """A reason is told of men, too: it says nobody's sex."""
    ours = {code: its.labels["en"] for code, its in CODES.items() if its.scheme == "whosaw"}
    assert len(ours) > 100
    assert [
        code for code, said in ours.items() if {"she", "her", "hers", "he", "his"} & set(said.lower().split())
    ] == []


def test_labels_speak_as_quebec_does() -> None:
    french = [its.labels["fr"] for its in CODES.values()]
    french += [labels["fr"] for table in WORDS.values() for labels in table.values()]
    for foreign in (
        "e-mail",
        "données personnelles",
        "cookie",
        "newsletter",
        "divulgations",
        "spam",
    ):
        assert foreign not in " ".join(french).lower()


@pytest.mark.parametrize("name", event_types())
def test_each_type_has_a_title_and_a_description_in_both_languages(name: str) -> None:
    assert set(FACTS[name].title) == set(FACTS[name].description) == {"en", "fr"}


def enumerations() -> dict[str, set[str]]:
    """Return the closed words of every class, by enumeration."""
    found: dict[str, set[str]] = {}
    waiting: list[type[Part]] = [Part]
    while waiting:
        for struct in waiting.pop().__subclasses__():
            waiting.append(struct)
            info = inspect.type_info(struct)
            assert isinstance(info, inspect.StructType)
            if info.tag_field == "kind":
                found.setdefault("actor", set()).add(str(info.tag))
            # What a class inherits was seen with the class that declares it.
            for field in info.fields:
                if field.name not in struct.__annotations__:
                    continue
                for values in literals(field.type):
                    found.setdefault(enumeration(struct.__name__, field.name), set()).update(values)
    return found


def literals(kind: inspect.Type) -> list[set[str]]:
    match kind:
        case inspect.LiteralType(values=values):
            return [{str(value) for value in values}]
        case inspect.UnionType(types=types):
            return [found for each in types for found in literals(each)]
        case inspect.ListType(item_type=item):
            return literals(item)
        case inspect.Metadata(type=inner):
            return literals(inner)
        case _:
            return []


def test_every_closed_word_has_both_labels_and_none_has_too_many() -> None:
    closed = enumerations()
    assert set(ENUMERATIONS.values()) <= set(closed)
    labelled = {name: set(table) for name, table in WORDS.items() if name not in ("type", "type_description")}
    assert labelled == closed
    for table in WORDS.values():
        assert all(set(labels) == {"en", "fr"} for labels in table.values())


def test_an_unknown_code_or_word_is_its_own_label() -> None:
    assert label("acme:New", "fr") == "acme:New"
    assert label("pd:EmailAddress", "fr") == "Adresse de courriel"
    assert word("mode", "new", "fr") == "new"
    assert word("assent_mode", "deemed_by_use", "en") == "Deemed to agree by using the service"
    assert words("no_such", "word") == {}


def test_a_code_is_a_kind_of_codes_that_there_are_up_to_one_that_is_of_none() -> None:
    assert kinds("dpv:CommunicationForCustomerCare") == (
        "dpv:CommunicationForCustomerCare",
        "dpv:CustomerCare",
        "dpv:CustomerManagement",
    )
    assert kinds("xx:Unheard") == ("xx:Unheard",)
    assert kinds("pd:PaymentCardNumber") == (
        "pd:PaymentCardNumber",
        "pd:AccountIdentifier",
        "pd:PaymentCard",
        "pd:Financial",
    )
    assert [each.code for each in CODES.values() if not {*each.broader} <= CODES.keys()] == []
    assert all(code not in kinds(wider) for code, its in CODES.items() for wider in its.broader), "none is its own kind"


def test_a_code_is_covered_by_what_it_is_a_kind_of_and_not_the_other_way_round() -> None:
    assert covered("pd:PaymentCardNumber", ["pd:Name", "pd:Financial"])
    assert covered("xx:Unheard", ["xx:Unheard"])
    assert not covered("pd:Financial", ["pd:PaymentCardNumber"])
    assert not covered("pd:Name", [])


# By skos:broader of DPV-PD 2.3, over the terms between that are not in our list.
BROADER = {
    "Name": "Identifying", "EmailAddress": "Contact", "TelephoneNumber": "Contact",
    "PhysicalAddress": "Contact Location", "Username": "Identifying", "PaymentCard": "Financial",
    "PaymentCardNumber": "AccountIdentifier PaymentCard", "PaymentCardExpiry": "PaymentCard",
    "BankAccount": "Financial", "Transaction": "Financial", "Purchase": "Financial", "Credit": "Financial",
    "AccountIdentifier": "Financial", "Opinion": "Preference", "VoiceCommunicationRecording": "Communication",
    "VoiceMail": "Communication", "IPAddress": "DeviceBased", "UID": "Identifying", "BirthDate": "Age",
    "Interest": "Preference",
}  # fmt: skip


def test_kinds_of_data_are_those_of_the_data_privacy_vocabulary() -> None:
    ours = {code: its.broader for code, its in CODES.items() if its.scheme == "pd" and its.broader}
    assert ours == {f"pd:{code}": tuple(f"pd:{each}" for each in its.split()) for code, its in BROADER.items()}
