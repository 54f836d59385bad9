"""What a customer asks: questions 1 to 9."""

from __future__ import annotations

from examples.questions.question import Question, Shown, Step

ASKER = "customer"
LOOK = ("first", "actor_role", "actor", "system", "purposes", "categories", "tickets")
CUSTOMER = (
    Question(
        1, ASKER, "What do you hold on me, from where, since when, why, until when?",
        (Step("/v1/subjects/$p/holdings", Shown(
            ("category", "system", "origin", "channel", "purposes", "basis", "since", "last", "state",
             "retention.rule", "retention.trigger", "retention.due", "retention.blocked"), rows=4,
        ), "C-1007"),),
        "One row for each kind of data in each system: that her call records were observed by the switch and last "
        "came in on 22 October, that she gave her e-mail address herself on the web site, what for, and on which "
        "ground. `retention` says until when: by the rule for call records, whose time runs once she has left "
        "(`relationship_ended`), and so has no end yet; nor has what no rule names. How long it then is, six months, "
        "stands in the fact that set the rule, a `retention.rule_set`, and no answer repeats it; its place in the log "
        "is in `rules` at `/v1/subjects/$p/retention`, and question 17 shows a customer for whom it has run. `blocked` "
        "says whether an order keeps it.",
    ),
    Question(
        2, ASKER, "Exactly who outside received my data?",
        (Step("/v1/subjects/$p/recipients", Shown(
            ("time", "recipient_name", "recipient_address", "recipient_role", "categories", "purpose", "basis",
             "series", "first", "times"), rows=4,
            also=("may_have.recipient_name", "may_have.recipient_address", "may_have.agreement", "may_have.any"),
        ), "C-1007"),),
        "Newest recorded first: who, where, what, what for, and on which ground. The recipient stands there by its "
        "name as it was on that day. What repeats is one row, with the first time and how often; one by one they are "
        "at `/v1/subjects/$p/disclosures`. `may_have` is a list apart: who had an agreement for something that was "
        "held on her, and to whom no disclosure is known; `any` says that it names neither data nor purpose.",
    ),
    Question(
        3, ASKER, "Which employees looked at my file, when, why?",
        (Step("/v1/subjects/$p/views?actor=human&limit=500", Shown(
            LOOK, rows=3, where={"act": "data.viewed", "tickets": []}, also=("names",),
        ), "C-1007"),),
        "A support agent opened her calls in the evening, again and again, and named no ticket: 37 times in seven "
        "weeks. The answer says what the person was, not who; `actor` is the same for the same person and tells "
        "nobody the name. Whether she learns the name is decided on each request of hers, and would stand in `names`; "
        "she has made none.",
    ),
    Question(
        4, ASKER, "Was I given to a debt collector? What, when, did you tell them it was disputed or paid?",
        (Step("/v1/subjects/$p/debts", Shown(
            ("time", "step", "recipient_name", "recipient_address", "recipient_kind", "categories", "basis", "change",
             "state", "findings.outcome", "findings.explanation"), rows=9,
        ), "C-1029"),),
        "Yes, twice: to a collector that acted for the company in April, and to a buyer of debts in May. In between, "
        "on 4 May, he had disputed the bill. Both are to be told of the dispute (`owed`), and neither was: no row "
        "says `told` or `answered`, and the state is open. The sale is found to be a violation.",
    ),
    Question(
        5, ASKER, "Did police or any authority get my data?",
        (
            Step("/v1/subjects/$p/disclosures?authorities=true", Shown(
                ("time", "recipient_name", "recipient_address", "instrument.type", "instrument.authority", "basis",
                 "categories"),
                also=("statement",),
            ), "C-1031"),
            Step("/v1/subjects/$p/disclosures?authorities=true", Shown(
                ("time", "recipient_name", "instrument.type"), also=("statement",),
            ), "C-1033"),
        ),
        "The first customer is told in full: which police, which order of which day, and what they were given. The "
        "same is asked for another one, whose data went to the police, too, under an order not to tell: his answer "
        "has no such row, and is in every respect the one of somebody to whom nothing happened. Each answer, and each "
        "printed account, carries the same standing sentence about authorities.",
    ),
    Question(
        6, ASKER, "You erased me: prove it, and who else was told?",
        (
            Step("/v1/subjects/$p/forget", None, "C-1023", key="compliance", method="POST",
                 body='{"grace_days":0,"untold":"disproportionate"}', keeps="receipt", purpose="whosaw:Erasure"),
            Step("/v1/erasures/$r", Shown(
                ("state", "mode.code", "reason.code", "scope.references", "scope.memberships", "systems",
                 "survives.what.label", "survives.reason.label", "recipients.items.name", "recipients.items.change",
                 "recipients.items.state", "recipients.items.label", "recipients.items.because",
                 "recipients.items.told_at", "recipients.items.answered_at"), at=None,
            )),
        ),
        "The company's systems had deleted her data in May. The first command makes the ledger itself forget her, for "
        "good. It would wait as long as something on record obliges to tell a recipient, since nobody can be told of "
        "somebody who is forgotten; here her deletion does, and the officer answers for it that telling the others is "
        "out of proportion (GDPR, Art. 19). The receipt says how much was destroyed, which systems confirmed theirs, "
        "what stays and why, and of each recipient what it answered and when, or why it was not told. `backups_until` "
        "is there twice: within `systems`, as shown, until when the backups of the company's systems may have her; "
        "and on its own, left out above since it depends on today, the same for the ledger's own backups. The receipt "
        "names nobody, so that it can be asked for long after. Whoever asks about her again is told that nobody of "
        "that name is known.",
    ),
    Question(
        7, ASKER, "I unsubscribed on a day: what did you send after?",
        (Step("/v1/subjects/$p/withdrawals", Shown(
            ("step", "time", "effective", "purposes", "channels", "recipient_name", "outcome", "finding.explanation"),
            rows=5,
        ), "C-1019"),),
        "He withdrew on 10 June 2026. In July and in September his address went to the marketing firm again, and a "
        "mailing followed each time: four violations, where there should be none. What rests on another ground, or "
        "came after a new consent, would be there with that as its `outcome`.",
    ),
    Question(
        8, ASKER, "Which policy did I agree to, how, and what changed?",
        (Step("/v1/subjects/$p/policies", Shown(
            ("version", "effective_from", "notice", "assent", "changes"),
        ), "C-1031"),),
        "To the version of 2009, expressly, when she signed up. To the version of March 2026 only by going on using "
        "the service (`deemed_by_use`): nobody was told of it, and it is never shown as if she had said yes. "
        "`evidence` names the event that shows it. The later version changed one rule: its section 7.1 lets customers "
        "ask by telephone, too. What changed is said in rules, as both versions were published; of the texts the "
        "ledger keeps the digests.",
    ),
    Question(
        9, ASKER, "What did you infer about me, and from what?",
        (Step("/v1/subjects/$p/inferences", Shown(
            ("time", "categories", "purposes", "basis", "context", "system", "stated", "lineage.depth",
             "lineage.known", "lineage.time", "lineage.categories", "lineage.system", "lineage.origin",
             "lineage.since", "since"), rows=3,
        ), "C-1007"),),
        "A fraud score, made of records of calls that the switch observed, each with its own time; what was corrected "
        "or erased since would be said in `since`. Of the interest and the market segment the emitter did not say "
        "what they were made of (`stated` is false), which is an answer, too. A lineage goes on through what was "
        "itself derived, down to what was collected.",
    ),
)  # fmt: skip
