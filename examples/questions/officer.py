"""What a privacy officer asks: questions 10 to 21."""

from __future__ import annotations

import json

from examples.company.billing import INVOICING
from examples.company.diary import BILLING
from examples.company.facts import disclosed, reference
from examples.company.recipients import COLLECTIONS_AGENCY
from examples.questions.question import Question, Shown, Step

ASKER = "privacy officer"
TODAY = "2026-11-20T17:00:00-05:00"
"""The sample's present, for questions about what is due: the sample stays in 2026, and the clock does not."""
BOB = "C-1030"
LOOKED_UP = "C-1015"
"""In no answer of another question: each is recorded about whomever it tells of."""
DIFFERENCE = (
    "sections.policy", "sections.holdings",
    *(f"sections.disclosures.{each}" for each in (
        "change", "then", "now.time", "now.recipient.name", "now.categories.label", "because.why.label", "because.time",
    )),
    *(f"sections.views.{each}" for each in (
        "change", "then", "now.act", "now.actor.role.label", "now.purpose.label", "because.why.label",
    )),
)  # fmt: skip
LATE = {
    "id": "found-in-a-drawer",
    "source": BILLING,
    "type": "data.disclosed",
    "time": "2026-04-28T10:00:00-04:00",
    "data": disclosed(
        [reference("customer", BOB)], INVOICING, "billing", recipient=COLLECTIONS_AGENCY, categories=["pd:Name"],
        purpose="sector-finance:DebtManagement", recipient_purpose="sector-finance:DebtManagement",
        basis="ca-qc-p39.1:18-9",
    ),
}  # fmt: skip
"""A fact of April that is recorded only now."""
EXPOSED = "/v1/recipients/marketing-firm/exposure?from=2026-09-14T00:00:00-04:00&to=2026-09-18T18:00:00-04:00"
FINDING = ("time", "type", "outcome", "explanation", "recipient", "law_pack", "version", "state")
OFFICER = (
    Question(
        10, ASKER, "Which disclosures had neither consent nor a recognised exception?",
        (Step("/v1/findings?rule=whosaw:RuleGround&outcome=violation", Shown((*FINDING, "owner"), rows=3)),),
        "Each was recorded as it happened and judged afterwards: by which rule of which version, under which law, and "
        "why. The first two went to the marketing firm days after the person had withdrawn; the third is the debt "
        "that was sold, for which the law has no exception. `owner` is who stated the fact, and so answers for it; "
        "`age_days`, left out here since it grows day by day, counts from the fact, not from its judgement. With "
        "`outcome=gap` come those that can not be judged, because something is not known.",
    ),
    Question(
        11, ASKER, "Which requests are open, by due date, and why is that the date?",
        (Step(f"/v1/requests?state=open&at={TODAY}", Shown(
            ("request", "state", "days_left", "business_days_left", "regime", "right", "received", "due", "stated_due",
             "deadline.explanation.en"), rows=2,
        )),),
        "The oldest is 28 days old. The thirtieth day is a Sunday, so that the law gives one day more than the desk "
        "had noted, and the arithmetic is spelled out, in French too. `at` asks how it stood on the sample's last "
        "day; without it, the answer is about today.",
    ),
    Question(
        12, ASKER, "An address was corrected: who must be told, and who has answered?",
        (Step(f"/v1/subjects/$p/obligations?at={TODAY}", Shown(
            ("recipient_name", "categories", "change", "state", "standing", "due", "outcome", "attempts", "contacted"),
            rows=6,
            where={"kind": "tell_recipient"}, by="recipient_name",
        ), "C-1036"),),
        "Everybody who ever received the address is on the list, by computation: also those whom nobody thought of. "
        "Two have confirmed, the courier was told and has not answered in time, and the credit bureau was never told.",
    ),
    Question(
        13, ASKER, "Everyone disclosed to this collector between two days?",
        (Step(
            "/v1/recipients/collections-agency/disclosures?from=2026-04-01T00:00:00-04:00&to=2026-07-01T00:00:00-04:00",
            Shown(("subject", "stated", "recipient_role", "categories", "basis"), also=(
                "totals.disclosures", "totals.people", "totals.categories",
            )),
        ),),
        "First the totals: how many people, and how many of them by each kind of data. Then a row for each person and "
        "disclosure; `subject` is the person's id, from which one goes on to hers alone. A long list comes as "
        "a stream, as in question 14.",
    ),
    Question(
        14, ASKER, "A processor was breached between two days: whose data, which fields, did they still have it?",
        (
            Step(EXPOSED, Shown(
                ("subject", "stated", "certainty", "categories", "deleted", "promised"), rows=2, also=("totals",),
            ), purpose="whosaw:IncidentResponse"),
            Step(f"{EXPOSED}&limit=all", None, purpose="whosaw:IncidentResponse", into="exposed.ndjson"),
        ),
        "Everybody whose data the marketing firm had received before the breach ended, and had not verifiably given "
        "back or destroyed before it began; a promise to destroy makes the answer less certain, no more. Each person "
        "counts once in the totals, and has a row for each disclosure. Whoever notifies them takes the file, not the "
        "first page: everybody is in it, and it has that last line unless the stream broke off; the second figure is "
        "how many people they are. The register (question 22) says 166, as was found in September: the one who is "
        "missing here asked to be forgotten in question 6.",
    ),
    Question(
        15, ASKER, "What would we have told Bob then, knowing what we knew then, and what is different now?",
        (
            Step("/v1/events", None, BOB, key="emitter", method="POST", body=json.dumps(LATE, ensure_ascii=False),
                 before="t=$(date -u +%Y-%m-%dT%H:%M:%SZ)", keeps="position"),
            Step("/v1/subjects/$p/account/difference?known_at=$t&min_position=$r", Shown(DIFFERENCE, at=None), BOB),
        ),
        "The sample was recorded in a minute, so that nothing in it was ever known late. The first commands change "
        "that: they note the time, and then a service records something of 28 April and keeps its position from the "
        "receipt. With `min_position` and the header `Prefer: wait=30`, which `ask` sends, the answer waits until that "
        "is in it. What Bob would have been told at the noted time did not have it (`then` is null), what he is told "
        "now does, and the reason is that it arrived late. The second difference is the officer's own look: his id was "
        "looked up after the noted time, and that is in his account, too. `/v1/subjects/$p/account?known_at=$t` is the "
        "whole account of that time. Asked about a real ledger, `known_at` is a time with its offset, such as "
        "`2026-05-01T00:00:00-04:00`.",
    ),
    Question(
        16, ASKER, "Which uses were for a purpose not declared, or after withdrawal?",
        (Step(
            "/v1/findings?rule=whosaw:RuleCollection&rule=whosaw:RulePurpose&rule=whosaw:RuleWithdrawal"
            "&from=2025-11-25T00:00:00-05:00",
            Shown(("rule", *FINDING), picks=(
                {"rule": "whosaw:RulePurpose"}, {"rule": "whosaw:RuleCollection"}, {"rule": "whosaw:RuleWithdrawal"},
            )),
        ),),
        "The policy of 2009 says nothing of fraud, so that every fraud score was made for a purpose that it does not "
        "declare: a later policy does not cure that. A score that was made to find fraud was used to verify who "
        "somebody is, which she was never told of. The third is what was sent after a withdrawal. Violations, what a "
        "waiver excuses, and what can not be judged come together; `outcome` narrows.",
    ),
    Question(
        17, ASKER, "What is past retention and not evidenced as erased, and what is blocked by which hold?",
        (Step("/v1/retention?state=unproven&limit=500", Shown(
            ("category", "system", "rule", "start", "due", "action", "state", "holds.reason", "holds.starts",
             "blocked_by"), picks=({"blocked": False, "state": "held"}, {"blocked": True}),
        ), key="legal"),),
        "Call records should have gone six months after the customer left and are still there; nobody has asked for "
        "their deletion. Of the record of what was paid the time is over, too, and a disputed debt forbids to delete "
        "it. What is reported as deleted and not verified by anybody else is in the same list, with that state. Which "
        "order keeps something, only a key that may read such orders is told; the others are told that one does.",
    ),
    Question(
        18, ASKER, "Which seals expire soon or have no end, and which accounts left something out?",
        (
            Step("/v1/subjects/$p/accounts", None, "C-1033", method="POST", body="{}"),
            Step("/v1/seals?state=soon&state=endless", Shown(
                ("seal", "name", "basis", "starts", "ends", "state", "clearance", "omitted_from.account",
                 "omitted_from.subject", "omitted_from.language", "omitted_from.renewed"), rows=2,
            ), key="legal"),
        ),
        "Only a cleared key is answered. One order names no end, which is a question for counsel; `soon` is what ends "
        "within 30 days. The account that was issued left out what the order hides: when it ends, that account is to "
        "be issued again, and `renewed` says where that was done.",
    ),
    Question(
        19, ASKER, "Who asked the ledger about this person, and under which ticket?",
        (
            Step("/v1/subjects/$p/holdings", None, LOOKED_UP),
            Step("/v1/subjects/$p/queries", Shown(
                ("query", "outcome", "purpose", "ticket", "role", "key", "rows", "categories"),
            ), LOOKED_UP, key="compliance"),
        ),
        "Somebody's look at a person, with its purpose and ticket, and the look-up of her id before it. Refused "
        "attempts are in the list, too. Which `key` it was is told to keys with `askers:read`, such as the compliance "
        "officer's here; others see the role alone. Who holds that key, an administrator finds at `/v1/keys`.",
    ),
    Question(
        20, ASKER, "Which emitters went silent, or have gaps?",
        (Step("/v1/emitters", Shown(
            ("source", "entries", "first_number", "last_number", "missing", "holes", "mismatches.compared",
             "mismatches.expected", "mismatches.found", "mismatches.since", "mismatches.until"), rows=2,
            where={"source": "/services/porting"},
        )),),
        "Each service counts its own events. Of the porting service three numbers never arrived, and the porting "
        "administrator's invoice for July counts three numbers more than the ledger has: that is where they are "
        "missing. `silent` compares how long a service has recorded nothing with what is usual for it; a sample that "
        "was loaded a minute ago has no habits yet, so ask with `silent_after=60` a few minutes later.",
    ),
    Question(
        21, ASKER, "What was disclosed wider than the order or the instrument required?",
        (Step("/v1/findings?rule=whosaw:RuleWider", Shown((*FINDING, "asked", "given", "codes"), rows=2)),),
        "A subpoena asked for a name and an address; the list of calls went along. `asked` is what the order, the "
        "paper or the agreement allowed, `given` what went out, and `codes` the difference.",
    ),
)  # fmt: skip
