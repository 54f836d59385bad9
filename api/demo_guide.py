"""What the demo says once it is ready: where it listens, commands to paste, how to stop, how to wipe."""

from __future__ import annotations

import json
from typing import NamedTuple

from examples.company.company import SAMPLE_CUSTOMER
from examples.company.diary import BILLING

PURPOSE = "whosaw:AccessRequest"


MAIN = ("emitter", "officer", "regulator", "admin")
"""The keys that a script finds under `keys`."""


class ShownKeys(NamedTuple):
    """The API keys that the demo shows."""

    emitter: str
    """Speaks for `/services/billing`."""
    officer: str
    regulator: str
    admin: str
    compliance: str
    """May forget people and correct other services' events."""
    legal: str
    """Is cleared for every authority's seals."""


class Ready(NamedTuple):
    """A demo that is ready."""

    url: str
    keys: ShownKeys
    log_public_key: str
    """The verifier key of its log's checkpoints."""
    wipe: str
    """The command that removes it."""
    verify: str
    """The offline verifier's command."""

    def line(self) -> str:
        """Return all that a script needs, as one JSON line."""
        return json.dumps({
            "url": self.url,
            "keys": {name: getattr(self.keys, name) for name in MAIN},
            "further_keys": {name: text for name, text in self.keys._asdict().items() if name not in MAIN},
            "source": BILLING,
            "reference": {"kind": "customer", "value": SAMPLE_CUSTOMER},
            "log_public_key": self.log_public_key,
        })  # fmt: skip

    def text(self) -> str:
        """Return all that a person needs, to read and to paste."""
        return TEXT.format(
            url=self.url,
            event=json.dumps(EVENT, separators=(",", ":")),
            customer=SAMPLE_CUSTOMER,
            gone=FORGOTTEN_CUSTOMER,
            other=OTHER_CUSTOMER,
            seal=json.dumps([SEAL, SEALED], separators=(",", ":")),
            lifted=json.dumps(LIFTED, separators=(",", ":")),
            merge=json.dumps(MERGE, separators=(",", ":")),
            purpose=PURPOSE,
            wipe=self.wipe,
            verify=self.verify,
            verifier_key=self.log_public_key,
            **self.keys._asdict(),
        )


EVENT = {
    "id": "my-first-event",
    "source": BILLING,
    "type": "data.disclosed",
    "time": "2026-11-20T17:30:00-05:00",
    "data": {
        "subjects": [{"reference": {"kind": "customer", "value": SAMPLE_CUSTOMER}, "role": "dpv:Customer"}],
        "actor": {"kind": "service", "id": "invoicing", "role": "whosaw:BillingService"},
        "recipient": {
            "id": "card-processor",
            "name": "Paiements Rive-Claire inc.",
            "country": "loc:CA-QC",
            "kind": "whosaw:PaymentProcessor",
            "role": "dpv:DataProcessor",
        },
        "categories": ["pd:Name", "pd:PaymentCard"],
        "purpose": "dpv:PaymentManagement",
        "recipient_purpose": "dpv:PaymentManagement",
        "basis": "dpv:ContractPerformance",
        "initiative": "controller",
        "mode": "transmitted",
    },
}
"""One disclosure, without a single value of personal data but the reference that leaves the entry."""

FORGOTTEN_CUSTOMER = "C-1050"
"""In no answer of docs/questions.md, like the two that follow: what these commands do leaves it as it is."""
OTHER_CUSTOMER = "C-1040"
SAME_CUSTOMER = "C-1049"
"""Turns out to be the other one."""
SERVICE = {"kind": "service", "id": "legal-desk", "role": "whosaw:LegalDesk"}
COURT = {"id": "superior-court", "name": "Superior Court", "country": "loc:CA-QC"}


def _about(kind: str, number: int, *customers: str, **data: object) -> dict[str, object]:
    subjects = [{"reference": {"kind": "customer", "value": each}, "role": "dpv:Customer"} for each in customers]
    return {
        "id": f"my-{kind.replace('.', '-')}-{number}",
        "source": BILLING,
        "type": kind,
        "time": f"2026-11-20T18:0{number}:00-05:00",
        "data": {"subjects": subjects, "actor": SERVICE, **data},
    }


SEAL = _about(
    "seal.placed", 1, OTHER_CUSTOMER, seal_id="my-seal", authority=COURT, basis="ca-criminal-code:487.0191", scope={},
    starts="2026-11-20T18:00:00-05:00", until=None,
)  # fmt: skip
"""An order not to tell."""
SEALED = _about(
    "data.disclosed", 2, OTHER_CUSTOMER, visibility="sealed", seal_ref="my-seal", categories=["pd:Name", "pd:CallLog"],
    purpose="dpv:LegalCompliance", recipient_purpose=None, basis="ca-pipeda:7-3-c", initiative="recipient",
    mode="transmitted", recipient={
        "id": "city-police", "name": "City Police", "country": "loc:CA-QC", "kind": "dpv:LawEnforcementOrganisation",
        "role": "dpv:ThirdParty",
    },
)  # fmt: skip
"""What it forbids to tell."""
LIFTED = _about(
    "seal.lifted", 3, OTHER_CUSTOMER, seal_id="my-seal", reason="whosaw:OrderRevoked",
    effective_at="2026-11-20T18:03:00-05:00",
)  # fmt: skip
"""The end of that order."""
MERGE = _about("subject.merged", 4, OTHER_CUSTOMER, SAME_CUSTOMER, method="whosaw:StaffMatch", confidence="certain")
"""Two customers are one person."""

TEXT = """
whosaw listens on {url}

1. A service records that it gave a customer's data to somebody. Paste it twice: the second answer is the first receipt.

curl -sS {url}/v1/events -H 'Authorization: Bearer {emitter}' -H 'Content-Type: application/json' \\
  -d '{event}'

2. An officer asks what is held on that customer, and who outside received it.

subject=$(curl -sS {url}/v1/subjects/lookup -H 'Authorization: Bearer {officer}' \\
  -H 'Whosaw-Purpose: {purpose}' -H 'Content-Type: application/json' \\
  -d '{{"reference":{{"kind":"customer","value":"{customer}"}}}}' | sed 's/.*"id": *"\\([0-9a-f]*\\)".*/\\1/')
curl -sS {url}/v1/subjects/$subject/holdings -H 'Authorization: Bearer {officer}' -H 'Whosaw-Purpose: {purpose}'
curl -sS {url}/v1/subjects/$subject/disclosures -H 'Authorization: Bearer {officer}' -H 'Whosaw-Purpose: {purpose}'

3. The customer gets her account, as a PDF: for people to read, with the same as JSON attached. It is not what the
   verifier checks: that is the file of step 4, in which the same account stands with every entry and its proof.

curl -sS -X POST "{url}/v1/subjects/$subject/accounts?language=fr" -H 'Authorization: Bearer {officer}' \\
  -H 'Whosaw-Purpose: {purpose}' -H 'Accept: application/pdf' -o account.pdf

4. A regulator gets the same with every proof, as one file, and checks it without this server. Change one byte of it and
   check again.

curl -sS -X POST {url}/v1/subjects/$subject/exports -H 'Authorization: Bearer {regulator}' \\
  -H 'Whosaw-Purpose: {purpose}' -o account.zip
{verify} account.zip --key '{verifier_key}'

5. Another customer asks to be forgotten. Answers stop; with no days of grace her keys are destroyed at once, unless
   something holds her. The answer is the receipt. The bundle of before is still green.

gone=$(curl -sS {url}/v1/subjects/lookup -H 'Authorization: Bearer {officer}' \\
  -H 'Whosaw-Purpose: {purpose}' -H 'Content-Type: application/json' \\
  -d '{{"reference":{{"kind":"customer","value":"{gone}"}}}}' | sed 's/.*"id": *"\\([0-9a-f]*\\)".*/\\1/')
curl -sS -X POST {url}/v1/subjects/$gone/exports -H 'Authorization: Bearer {regulator}' \\
  -H 'Whosaw-Purpose: {purpose}' -o before.zip
curl -sS -X POST {url}/v1/subjects/$gone/forget -H 'Authorization: Bearer {compliance}' \\
  -H 'Whosaw-Purpose: whosaw:Erasure' -H 'Content-Type: application/json' -d '{{"grace_days":0}}'
{verify} before.zip --key '{verifier_key}'

6. A court forbids telling another customer that his data was given to the police. The officer's answer does not change;
   the legal desk sees it. Then the order is lifted, and a minute later it may be told.

curl -sS {url}/v1/events -H 'Authorization: Bearer {emitter}' -H 'Content-Type: application/json' -d '{seal}'
other=$(curl -sS {url}/v1/subjects/lookup -H 'Authorization: Bearer {officer}' \\
  -H 'Whosaw-Purpose: {purpose}' -H 'Content-Type: application/json' \\
  -d '{{"reference":{{"kind":"customer","value":"{other}"}}}}' | sed 's/.*"id": *"\\([0-9a-f]*\\)".*/\\1/')
curl -sS {url}/v1/subjects/$other/disclosures -H 'Authorization: Bearer {officer}' -H 'Whosaw-Purpose: {purpose}'
curl -sS "{url}/v1/subjects/$other/disclosures?sealed=true" -H 'Authorization: Bearer {legal}' \\
  -H 'Whosaw-Purpose: whosaw:LegalClaim'
curl -sS {url}/v1/events -H 'Authorization: Bearer {emitter}' -H 'Content-Type: application/json' -d '{lifted}'

7. Two customers turn out to be one person: answers are about both, by either id, and each keeps her own keys.

curl -sS {url}/v1/events -H 'Authorization: Bearer {emitter}' -H 'Content-Type: application/json' -d '{merge}'
curl -sS {url}/v1/subjects/$other/holdings -H 'Authorization: Bearer {officer}' -H 'Whosaw-Purpose: {purpose}'

25 questions, each with its command and the answer: docs/questions.md. They begin with these lines:

export URL={url} WHOSAW_URL={url} EMITTER={emitter} OFFICER={officer}
COMPLIANCE={compliance} LEGAL={legal} REGULATOR={regulator} LOG_KEY='{verifier_key}'

Keys:  emitter {emitter}  officer {officer}
       regulator {regulator}  admin {admin}
       compliance {compliance}  legal {legal}
Log:   {verifier_key}
Stop:  Ctrl-C
Wipe:  {wipe}
"""
