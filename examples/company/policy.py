"""The company's policy: the text of 2009, and the change of 2026 that nobody was told of."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from examples.company.clock import POLICY_CHANGE, START, written
from examples.company.codes import CHANGED_VERSION
from examples.company.diary import PRIVACY_OFFICE, Diary
from ledger.vocabulary.parts import Human
from ledger.vocabulary.policy import load_policy, published_data

POLICY_FILE = Path(__file__).with_name("policy.toml")
OFFICER = Human(role="whosaw:PrivacyOfficer", id="emp-031")
CHANGE = "You may also ask us by telephone to see, update or delete your information."
"""The sentence that the sample's second version adds to section 7."""
ASKING = "7.1"
"""The rule that it changes."""


def publications(seed: int) -> Diary:
    """The privacy office's diary: both versions. The second is the sample's own: one sentence more."""
    first = load_policy(POLICY_FILE)
    diary = Diary(seed, "policy")
    data: dict[str, Any] = published_data(first, actor=OFFICER)
    diary.note(START, PRIVACY_OFFICE, "policy.published", data)
    change = {
        "version": CHANGED_VERSION,
        "text_digest": f"sha256:{sha256(CHANGE.encode()).hexdigest()}",
        "effective_from": written(POLICY_CHANGE),
        "supersedes": first.version,
        "notice": "not_given",
        "rules": [
            rule | {"channels": [*rule["channels"], "whosaw:Phone"]} if rule["id"] == ASKING else rule
            for rule in data["rules"]
        ],
    }
    diary.note(POLICY_CHANGE, PRIVACY_OFFICE, "policy.published", data | change)
    return diary
