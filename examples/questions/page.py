"""docs/questions.md, from the questions and a way to ask them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from textwrap import fill
from typing import TYPE_CHECKING, Any

from examples.questions.customer import CUSTOMER
from examples.questions.officer import OFFICER
from examples.questions.proof import PROOF, Check, proof
from examples.questions.question import WIDTH, Step, kept, masked, reached
from examples.questions.regulator import REGULATOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from examples.questions.question import Question, Send, Shown

QUESTIONS = (*CUSTOMER, *OFFICER, *REGULATOR, PROOF)
PURPOSE = "whosaw:Audit"
TICKET = "TKT-25"
OPENING = f"""# The 25 questions

What customers, privacy officers and regulators ask of a company that holds personal data. Each is shown here with the
command that asks it of the sample company, and with the answer that it gives. The answers are the product's own: this
page is written by a program, and a test compares it with what is answered.

## Before you begin

Start the sample company, a telephone company in Quebec with 300 customers and eighteen months behind it, which end on
20 November 2026:

```
make demo
```

It prints its API keys, and two lines that give them to your shell. Paste these into another terminal, and then these
two helpers. The first finds a customer's id by her number, which never stands in an address; the second asks.

```sh
who() {{ curl -sS "$URL/v1/subjects/lookup" -H "Authorization: Bearer $OFFICER" -H 'Whosaw-Purpose: {PURPOSE}' \\
  -H 'Whosaw-Ticket: {TICKET}' -H 'Content-Type: application/json' \\
  -d '{{"reference":{{"kind":"customer","value":"'$1'"}}}}' \\
  | python3 -c 'import json, sys; said = json.load(sys.stdin); print(said.get("id") or sys.exit(said["title"]))'; }}
ask() {{ curl -sS "$URL$1" -H "Authorization: Bearer ${{2:-$OFFICER}}" -H 'Whosaw-Purpose: {PURPOSE}' \\
  -H 'Whosaw-Ticket: {TICKET}' | python3 -m json.tool --no-ensure-ascii; }}
```

Every question carries a purpose and is itself recorded, also these. The whole answers are long: add `| less`, and
search there for what is shown here. Below, rows and members that do not matter for the question are left out, which is
said each time; `…` is an id that differs from copy to copy. For a table instead
of JSON, with the questions about one person:

```sh
WHOSAW_KEY=$OFFICER .venv/bin/whosaw ask disclosures --reference customer:C-1007 --purpose whosaw:Audit
```

Each question is one query. A command that is not part of it, but makes something to be found, stands under "Before
that". The commands go down the page in this order: what one asks is on record, and a later one may show it. In question
6 a customer is forgotten for good; `make demo` brings nobody back, and wiping it starts anew. The commands that
`make demo` prints change the sample, too: the first adds a disclosure to questions 1 to 3, the others change some
counts.

Codes such as `pd:CallLog` are explained in [vocabulary.md](vocabulary.md) and at `/v1/codes`, in English and in French.

"""

BEFORE = "Before that, so that there is something to find:"


def page(send: Send, check: Check) -> str:
    """Return the page, asking each question in its order.

    Args:
        send: Sends a request, with the key of whoever asks.
        check: Verifies a bundle offline, against an older checkpoint; returns what it prints.
    """
    parts = [OPENING, "| | who asks | |\n|---|---|---|\n"]
    parts += [f"| {each.number} | {each.asker} | [{each.text}](#{_anchor(each)}) |\n" for each in QUESTIONS]
    parts += [_section(each, send, check) for each in QUESTIONS]
    return "".join(parts)


def answer(step: Step, send: Send, people: dict[str, str], known: dict[str, str]) -> Any:
    """Return a step's answer, decoded.

    Args:
        step: What to ask.
        send: How.
        people: The ids of customers by their numbers.
        known: What stands for `$t` and `$r`.

    Raises:
        ValueError: The product refused to answer, or does not answer in JSON.
    """
    path = step.path.replace("$p", people[step.person] if step.person else "")
    for name, value in known.items():
        path = path.replace(name, value)
    status, body = send(step, path)
    if status not in range(200, 300):
        raise ValueError(f"{step.path}: {status} {body[:300]!r}")
    return json.loads(body)


def excerpt(document: Any, shown: Shown) -> tuple[list[str], str]:
    """Return the lines of an answer that are shown, and what the page says about the rest."""
    lines = [_written(document, shown.also)] if shown.also else []
    if shown.at is None:
        return [*lines, _written(document, shown.members)], "Other members are left out."
    rows = reached(document, shown.at)
    fitting = [row for row in rows if _fits(row, shown.where)]
    if shown.by is not None:
        fitting.sort(key=lambda row: str(reached(row, shown.by or "")))
    if shown.picks:
        fitting = [next(row for row in fitting if _fits(row, each)) for each in shown.picks]
        return [_written(row, shown.members) for row in fitting], "Some of the rows; other members are left out."
    lines += [_written(row, shown.members) for row in fitting[: shown.rows]]
    if not rows:
        return [*lines, "[]"], "No rows: that is the whole answer."
    which = ", ".join(f"`{name}` {json.dumps(value)}" for name, value in shown.where.items())
    which = f" with {which}" if which else ""
    if not fitting:
        return [*lines, "[]"], f"There is no row{which}."
    if document.get("next"):
        return lines, f"The first {min(len(fitting), shown.rows)} rows{which} of more; other members are left out."
    return lines, f"{min(len(fitting), shown.rows)} of {len(fitting)} rows{which}; other members are left out."


def _fits(row: Any, where: Mapping[str, object]) -> bool:
    return all(reached(row, name) == value for name, value in where.items())


def _written(row: Any, members: tuple[str, ...]) -> str:
    """Return a part of a row as JSON, broken between members where a line would be too long."""
    return wrapped(json.dumps(masked(kept(row, members)), ensure_ascii=False))


def wrapped(text: str) -> str:
    """Return JSON on a line as lines of the page's width, where it has a comma and a space."""
    lines = [""]
    for piece in re.split(r"(?<=[,]) (?=[\"{\[])", text):
        if len(lines[-1]) + len(piece) >= WIDTH and lines[-1]:
            lines.append(f"  {piece}")
        else:
            lines[-1] += f" {piece}" if lines[-1] else piece
    return "\n".join(lines)


def _anchor(question: Question) -> str:
    kept_letters = (each for each in f"{question.number} {question.text}".lower() if each.isalnum() or each in " -_")
    return "".join(kept_letters).replace(" ", "-")


def _section(question: Question, send: Send, check: Check) -> str:
    numbers = {step.person for step in question.steps if step.person}
    people = {number: _look_up(number, send) for number in sorted(numbers)}
    text = f"\n## {question.number}. {question.text}\n\n*Asked by a {question.asker}.*\n"
    text += proof(send, check) if question is PROOF else ""
    named, known = None, {"$t": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")}
    for step in question.steps:
        command = f"p=$(who {step.person})\n" if step.person and step.person != named else ""
        command += f"{step.before}\n" if step.before else ""
        named = step.person or named
        text += f"\n{BEFORE}\n" if step.shown is None else ""
        text += f"\n```sh\n{command}{_command(step)}\n```\n"
        document = answer(step, send, people, known)
        known |= {"$r": document[step.keeps]} if step.keeps else {}
        if step.shown is not None:
            lines, rest = excerpt(document, step.shown)
            text += "\n```json\n" + "\n".join(lines) + f"\n```\n\n{rest}\n"
    return text + f"\n{fill(question.meaning, WIDTH)}\n"


def _look_up(number: str, send: Send) -> str:
    reference = json.dumps({"reference": {"kind": "customer", "value": number}})
    _, body = send(Step("/v1/subjects/lookup", None, method="POST", body=reference), "/v1/subjects/lookup")
    found: str = json.loads(body)["id"]
    return found


def _command(step: Step) -> str:
    """Return what to paste."""
    path = f'"{step.path}"' if set(step.path) & set("?&*") else step.path
    if step.method == "GET":
        return f"ask {path}" + (f" ${step.key.upper()}" if step.key != "officer" else "")
    body = wrapped(step.body or "{}")
    body = f"\n{body}" if "\n" in body else body
    said = (
        f'curl -sS -X POST "$URL{step.path}" -H "Authorization: Bearer ${step.key.upper()}" \\\n'
        f"  -H 'Whosaw-Purpose: {PURPOSE}' -H 'Content-Type: application/json' -d '{body}'"
    )
    if step.keeps is None:
        return said if step.shown is not None else f"{said} -o /dev/null"
    return f"r=$({said} \\\n  | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"{step.keeps}\"])')"
