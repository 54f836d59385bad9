"""A law's own paragraph names a right like our code does: the packs say which."""

from __future__ import annotations

from projections.law.rights import ACCESS, ERASURE, codes_of


def test_every_code_of_every_version_names_the_right() -> None:
    assert {
        "whosaw:Access", "ca-pipeda:4.9", "ca-pipeda:4.9.1", "ca-pipeda:8", "ca-qc-p39.1:27", "eu-gdpr:A15",
        "us-hipaa:164.528-a",
    } == ACCESS  # fmt: skip
    assert {"whosaw:Erasure", "ca-pipeda:4.5.3", "eu-gdpr:A17"} == ERASURE


def test_what_no_pack_lists_is_named_by_itself() -> None:
    assert codes_of("xx:Unheard") == {"xx:Unheard"}
