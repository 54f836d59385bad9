"""What a regulator asks: questions 22 to 24. The last one is in `proof.py`."""

from __future__ import annotations

from examples.questions.question import Question, Shown, Step

ASKER = "regulator"
REGULATOR = (
    Question(
        22, ASKER, "All incidents of the last years, with the reasoning on whether to notify?",
        (Step("/v1/incidents?language=en&since=2024-11-20T00:00:00-05:00", Shown(
            ("incident", "kept_until", "register"), rows=2, also=("unnotified",),
        ), key="regulator"),),
        "The register in the eight items of Quebec's regulation, in its order. The misdirected letter was no risk of "
        "serious injury, and is in the register all the same, with the reasons; the intrusion was one, and both "
        "regulators and the persons concerned were told. `unnotified` would name what is still owed. The same comes as "
        "CSV, and in French with `language=fr`.",
    ),
    Question(
        23, ASKER, "Show one complaint's full chain of custody, from its collection to its answer.",
        (Step("/v1/cases/complaint-2026-0042", Shown(
            ("time", "type", "actor_kind", "actor_role", "system", "purposes", "categories", "recipient_name",
             "outcome", "source", "id", "corrected_by", "leaf"), rows=6,
        ), key="regulator"),),
        "In the order in which it was recorded: filed, looked into, looked into once too often, that one voided, sent "
        "to the regulator, answered. The mistake stays and says by which entry it was corrected. Each row names its "
        "leaf hash and where its proof is; of people at work their part in the company stands there, no name. What is "
        "sealed is left out, and counted only for who is cleared.",
    ),
    Question(
        24, ASKER, "How many requests by authorities, of each category, complied with, refused, and how many people?",
        (Step("/v1/reports/transparency?from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", Shown(
            ("category", "requests", "complied", "narrowed", "refused", "challenged", "people"), rows=8,
            also=("year", "banding"),
        ), key="regulator"),),
        "In bands, as the federal guidelines for transparency reports have it: no figure under 101 is told apart from "
        "another, so that nobody can be found behind it. A sample of 300 customers has not so many of any category, "
        "so that here all are in the lowest band, those of no request too. A year is told once it is over, since two "
        "editions that overlap could be subtracted from one another. What an order forbids to tell is not counted "
        "before the order ends.",
    ),
)  # fmt: skip
