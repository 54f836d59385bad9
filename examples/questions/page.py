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
from examples.questions.question import WIDTH, kept, look_up, masked, reached
from examples.questions.regulator import REGULATOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from examples.questions.question import Question, Send, Shown, Step

QUESTIONS = (*CUSTOMER, *OFFICER, *REGULATOR, PROOF)
PURPOSES = {
    "customer": "whosaw:AccessRequest",
    "privacy officer": "whosaw:InternalAudit",
    "regulator": "whosaw:RegulatoryInspection",
}
"""Why a question is asked, by whose it is. The first is what the page's commands say unless they say another."""
USUAL = PURPOSES["customer"]
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

It prints its API keys, and two lines that give them to your shell. Paste these into another terminal, in the same
folder (the commands of `.venv/bin` are there), and then these two helpers. The first finds a customer's id by her
number, which never stands in an address; the second asks. Both ask for a customer's request unless another purpose
follows, and the second with the officer's key unless another one follows that.

```sh
who() {{ curl -sS "$URL/v1/subjects/lookup" -H "Authorization: Bearer $OFFICER" \\
  -H "Whosaw-Purpose: ${{2:-{USUAL}}}" -H 'Whosaw-Ticket: {TICKET}' -H 'Content-Type: application/json' \\
  -d '{{"reference":{{"kind":"customer","value":"'$1'"}}}}' \\
  | python3 -c 'import json, sys; said = json.load(sys.stdin); print(said.get("id") or sys.exit(said["title"]))'; }}
ask() {{ curl -sS "$URL$1" -H "Authorization: Bearer ${{3:-$OFFICER}}" -H "Whosaw-Purpose: ${{2:-{USUAL}}}" \\
  -H 'Whosaw-Ticket: {TICKET}' -H 'Prefer: wait=30' | python3 -m json.tool --no-ensure-ascii; }}
```

Every question carries a purpose and is itself recorded, also these. The whole answers are long: add `| less`, and
search there for what is shown here. Below, rows and members that do not matter for the question are left out, which is
said each time; `…` is an id or a position in the log, which differs from copy to copy. What is recorded is in the
answers a moment later: if something that was just done is missing, ask again.

An answer has at most 100 rows. `limit=` in the address asks for up to 500, and `next` is the address of more, to be
asked in the same way; it is null once there are no more. An answer about everybody (questions 10, 11, 13, 14, 16, 17
and 21) comes whole, as a stream of one row a line, with `limit=all` and the header `Accept: application/x-ndjson`:
question 14 shows how.

For a table instead of JSON, with the questions about one person:

```sh
WHOSAW_KEY=$OFFICER .venv/bin/whosaw ask disclosures --reference customer:C-1007 --purpose {USUAL}
```

Each question is one query. A command that is not part of it, but makes something to be found, stands under "Before
that". The commands go down the page in this order: what one asks is on record, and a later one may show it. In question
6 a customer is forgotten for good; `make demo` brings nobody back, and wiping it starts anew. The commands that
`make demo` prints change the sample, too: the first adds a disclosure to question 2. The others are about people of
whom no answer here tells; only between the two halves of its step 6 has question 18 a row more.

Codes such as `pd:CallLog` are explained in [vocabulary.md](vocabulary.md) and at `/v1/codes`, in English and in French.

"""

BEFORE = "Before that, so that there is something to find:"
WHOLE = "All of it, in a file: one row a line, then how many rows that is. And about how many people:"


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


def answered(step: Step, send: Send, people: dict[str, str], known: dict[str, str]) -> bytes:
    """Return a step's answer.

    Args:
        step: What to ask.
        send: How.
        people: The ids of customers by their numbers.
        known: What stands for `$t` and `$r`.

    Raises:
        ValueError: The product refused to answer.
    """
    path = step.path.replace("$p", people[step.person] if step.person else "")
    for name, value in known.items():
        path = path.replace(name, value)
    status, body = send(step, path)
    if status not in range(200, 300):
        raise ValueError(f"{step.path}: {status} {body[:300]!r}")
    return body


def excerpt(document: Any, shown: Shown) -> tuple[list[str], str]:
    """Return the lines of an answer that are shown, and what the page says about the rest."""
    lines = [_written(document, shown.also)] if shown.also else []
    if shown.at is None:
        return [*lines, _written(document, shown.members)], "Other members are left out."
    rows = reached(document, shown.at)
    fitting = [row for row in rows if _fits(row, shown.where)]
    if shown.by is not None:
        fitting.sort(key=lambda row: str(reached(row, shown.by or "")))
    more = " `next` is the address of more rows." if document.get("next") else ""
    if shown.picks:
        picked = [next(row for row in fitting if _fits(row, each)) for each in shown.picks]
        rest = (
            f"{len(picked)} of the {len(rows)} rows{' of this page' if more else ''}; other members are left out.{more}"
        )
        return [_written(row, shown.members) for row in picked], rest
    lines += [_written(row, shown.members) for row in fitting[: shown.rows]]
    if not rows:
        return [*lines, "[]"], "No rows: that is the whole answer."
    which = ", ".join(f"`{name}` {json.dumps(value)}" for name, value in shown.where.items())
    which = f" with {which}" if which else ""
    if not fitting:
        return [*lines, "[]"], f"There is no row{which}."
    which = f"{' of this page' if more else ''}{which}"
    return lines, f"{min(len(fitting), shown.rows)} of {len(fitting)} rows{which}; other members are left out.{more}"


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
    purpose = PURPOSES[question.asker]
    known = {"$t": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")}
    numbers = {step.person for step in question.steps if step.person}
    people = {number: look_up(number, purpose, send) for number in sorted(numbers)}
    text = f"\n## {question.number}. {question.text}\n\n*Asked by a {question.asker}.*\n"
    text += proof(send, check) if question is PROOF else ""
    named = None
    for step in (each if each.purpose else each._replace(purpose=purpose) for each in question.steps):
        command = f"{step.before}\n" if step.before else ""
        if step.person and step.person != named:
            command += f"p=$(who {step.person}{'' if purpose == USUAL else f' {purpose}'})\n"
        named = step.person or named
        if step.into is not None:
            counted = f'tail -n 1 {step.into}\ngrep -o \'"subject":"[^"]*"\' {step.into} | sort -u | wc -l'
            text += f"\n{WHOLE}\n\n```sh\n{_command(step)}\n{counted}\n```\n"
            *rows, last = answered(step, send, people, known).decode().splitlines()
            text += f"\n```\n{last}\n{len({json.loads(row)['subject'] for row in rows})}\n```\n"
            continue
        text += f"\n{BEFORE}\n" if step.shown is None else ""
        text += f"\n```sh\n{command}{_command(step)}\n```\n"
        document = json.loads(answered(step, send, people, known))
        known |= {"$r": str(document[step.keeps])} if step.keeps else {}
        if step.shown is not None:
            lines, rest = excerpt(document, step.shown)
            text += "\n```json\n" + "\n".join(lines) + f"\n```\n\n{rest}\n"
    return text + f"\n{fill(question.meaning, WIDTH)}\n"


def _command(step: Step) -> str:
    """Return what to paste."""
    path = f'"{step.path}"' if set(step.path) & set("?&*") else step.path
    key, why = f"${step.key.upper()}", f"-H 'Whosaw-Purpose: {step.purpose}' "
    if step.into is not None:
        request = f'curl -sS "$URL{step.path}" -o {step.into} \\\n  -H "Authorization: Bearer {key}"'
        return f"{request} {why}-H 'Accept: {step.accept}'"
    if step.method == "GET":
        words = [path, *([step.purpose] if key != "$OFFICER" or step.purpose != USUAL else [])]
        return " ".join(["ask", *words, *([key] if key != "$OFFICER" else [])])
    body = wrapped(step.body or "{}")
    body = f"\n{body}" if "\n" in body else body
    said = (
        f'curl -sS -X POST "$URL{step.path}" -H "Authorization: Bearer {key}" \\\n'
        f"  {why if step.key != 'emitter' else ''}-H 'Content-Type: application/json' -d '{body}'"
    )
    if step.keeps is None:
        return said if step.shown is not None else f"{said} -o /dev/null"
    return f"r=$({said} \\\n  | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"{step.keeps}\"])')"
