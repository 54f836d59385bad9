"""docs/questions.md, from the questions and a way to ask them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from examples.questions.customer import CUSTOMER
from examples.questions.officer import OFFICER
from examples.questions.question import kept, masked, reached
from examples.questions.regulator import REGULATOR

if TYPE_CHECKING:
    from examples.questions.question import Question, Send, Shown, Step

QUESTIONS = (*CUSTOMER, *OFFICER, *REGULATOR)
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

It prints its API keys, and a line that gives them to your shell. Paste that line into another terminal, and then these
two helpers. The first finds a customer's id by her number, which never stands in an address; the second asks.

```sh
who() {{ curl -sS "$URL/v1/subjects/lookup" -H "Authorization: Bearer $OFFICER" -H 'Whosaw-Purpose: {PURPOSE}' \\
  -H 'Content-Type: application/json' -d '{{"reference":{{"kind":"customer","value":"'$1'"}}}}' \\
  | sed 's/.*"id": *"\\([0-9a-f]*\\)".*/\\1/'; }}
ask() {{ curl -sS "$URL$1" -H "Authorization: Bearer ${{2:-$OFFICER}}" -H 'Whosaw-Purpose: {PURPOSE}' \\
  -H 'Whosaw-Ticket: {TICKET}' | python3 -m json.tool --no-ensure-ascii; }}
```

Every question carries a purpose and is itself recorded, also these. In the answers below, rows and members that do not
matter for the question are left out, which is said below each; `…` is an id that differs from copy to copy. Codes such
as `pd:CallLog` are explained in [vocabulary.md](vocabulary.md) and at `/v1/codes`, in English and in French.

"""


def page(send: Send) -> str:
    """Return the page, asking each question in its order."""
    parts = [OPENING, "| | who asks | |\n|---|---|---|\n"]
    parts += [f"| {each.number} | {each.asker} | {each.text} |\n" for each in QUESTIONS]
    parts += [_section(each, send) for each in QUESTIONS]
    return "".join(parts)


def answer(step: Step, send: Send, people: dict[str, str]) -> Any:
    """Return a step's answer, decoded.

    Args:
        step: What to ask.
        send: How.
        people: The ids of customers by their numbers.

    Raises:
        ValueError: The product refused to answer, or does not answer in JSON.
    """
    path = step.path.replace("$p", people[step.person] if step.person else "")
    status, body = send(step, path)
    if status not in range(200, 300):
        raise ValueError(f"{step.path}: {status} {body[:300]!r}")
    return json.loads(body)


def excerpt(document: Any, shown: Shown) -> tuple[list[str], str]:
    """Return the lines of an answer that are shown, and what the page says about the rest."""
    lines = [json.dumps(masked(kept(document, shown.also)), ensure_ascii=False)] if shown.also else []
    if shown.at is None:
        lines.append(json.dumps(masked(kept(document, shown.members)), ensure_ascii=False))
        return lines, "Other members are left out."
    rows = reached(document, shown.at)
    fitting = [row for row in rows if all(reached(row, name) == value for name, value in shown.where.items())]
    lines += [json.dumps(masked(kept(row, shown.members)), ensure_ascii=False) for row in fitting[: shown.rows]]
    if not rows:
        return [*lines, "[]"], "No rows: that is the whole answer."
    more = " of the first page" if document.get("next") else ""
    which = f"{min(len(fitting), shown.rows)} of {len(rows)} rows{more}"
    if shown.where:
        which += " (of those with " + ", ".join(f"`{name}` {value}" for name, value in shown.where.items()) + ")"
    return lines, f"{which}; other members are left out."


def _section(question: Question, send: Send) -> str:
    numbers = {step.person for step in question.steps if step.person}
    people = {number: _look_up(number, send) for number in sorted(numbers)}
    text = f"\n## {question.number}. {question.text}\n\n*Asked by a {question.asker}.*\n"
    named: str | None = None
    for step in question.steps:
        command = f"p=$(who {step.person})\n" if step.person and step.person != named else ""
        named = step.person or named
        text += f"\n```sh\n{command}{_command(step)}\n```\n"
        document = answer(step, send, people)
        if step.shown is not None:
            lines, rest = excerpt(document, step.shown)
            text += "\n```json\n" + "\n".join(lines) + f"\n```\n\n{rest}\n"
    return text + f"\n{question.meaning}\n"


def _look_up(number: str, send: Send) -> str:
    from examples.questions.question import Step  # noqa: PLC0415 - at run time only here

    reference = json.dumps({"reference": {"kind": "customer", "value": number}})
    _, body = send(Step("/v1/subjects/lookup", None, method="POST", body=reference), "/v1/subjects/lookup")
    found: str = json.loads(body)["id"]
    return found


def _command(step: Step) -> str:
    """Return what to paste."""
    path = f'"{step.path}"' if set(step.path) & set("?&*") else step.path
    if step.method == "GET":
        return f"ask {path}" + (f" ${step.key.upper()}" if step.key != "officer" else "")
    return (
        f'curl -sS -X POST "$URL{step.path}" -H "Authorization: Bearer ${step.key.upper()}" \\\n'
        f"  -H 'Whosaw-Purpose: {PURPOSE}' -H 'Content-Type: application/json' -d '{step.body or '{}'}'"
    )
