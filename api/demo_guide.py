"""What the demo says once it is ready: where it listens, commands to paste, how to stop, how to wipe."""

from __future__ import annotations

import json
from typing import NamedTuple

from examples.company.company import SAMPLE_CUSTOMER
from examples.company.diary import BILLING

PURPOSE = "whosaw:AccessRequest"


class ShownKeys(NamedTuple):
    """The API keys that the demo shows."""

    emitter: str
    """Speaks for `/services/billing`."""
    officer: str
    regulator: str
    admin: str


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
            "keys": self.keys._asdict(),
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

3. The customer gets her account, as a PDF that a regulator can check.

curl -sS -X POST "{url}/v1/subjects/$subject/accounts?language=fr" -H 'Authorization: Bearer {officer}' \\
  -H 'Whosaw-Purpose: {purpose}' -H 'Accept: application/pdf' -o account.pdf

4. A regulator gets the same with every proof, as one file, and checks it without this server. Change one byte of it and
   check again.

curl -sS -X POST {url}/v1/subjects/$subject/exports -H 'Authorization: Bearer {regulator}' \
  -H 'Whosaw-Purpose: {purpose}' -o account.zip
{verify} account.zip --key '{verifier_key}'

Keys:  emitter {emitter}  officer {officer}
       regulator {regulator}  admin {admin}
Log:   {verifier_key}
Stop:  Ctrl-C
Wipe:  {wipe}
"""
