"""The register of incidents as the law lists its items, as data, as a table and as a page of text; in both languages.

Source: A-2.1, r. 3.1, s. 7; SOR/2018-64, s. 6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.across import BEGINNING, DATE_TIME
from api.language import preferred
from api.positions import document_of_all, pins_of_all
from api.question import ask, moment, recorded
from api.rendering import CSV, JSON, NDJSON, PRIVATE, accepted, rows
from api.sight import valid_at as happened_by
from api.subjects import ANSWER, AS_OF_ALL, KNOWN_AT, VALID_AT, plain
from ledger.vocabulary.codes import label
from projections import incident_register

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.incident_register import Duty, Incident, Notice

router = APIRouter(tags=["query"])

TEXT = "text/plain"
PROBLEMS = ("purpose-required", "invalid-parameter", "not-acceptable", "not-yet")
LANGUAGE = Annotated[
    Literal["en", "fr"] | None, Query(description="Of titles and texts; what the caller prefers by default.")
]
SINCE = Annotated[
    str | None,
    Query(description="Only what the company became aware of at or after this time.", json_schema_extra=DATE_TIME),
]
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "1": "Personal information concerned", "2": "Circumstances", "3": "When it happened",
        "4": "When the company became aware", "5": "Persons concerned",
        "6": "Risk of serious injury, and what that conclusion rests on", "7": "Notices", "8": "Measures taken",
        "unknown": "not known", "not assessed": "not assessed yet", "serious": "yes", "not serious": "no",
        "none": "none", "owed": "NOT NOTIFIED YET", "no law": "no law that is known here asks for one",
        "by risk": "by the GDPR’s test", "unlikely": "a risk is unlikely", "likely": "a risk", "high": "a high risk",
        "regulator": "regulator", "persons": "persons concerned",
        "public": "public notice", "organisation": "organisation", "since": "from", "until": "to",
        "title": "Register of confidentiality incidents", "kept": "Kept until",
    },
    "fr": {
        "1": "Renseignements personnels visés", "2": "Circonstances", "3": "Date ou période de l’incident",
        "4": "Date de prise de connaissance", "5": "Nombre de personnes concernées",
        "6": "Risque de préjudice sérieux, et éléments qui amènent à cette conclusion", "7": "Avis transmis",
        "8": "Mesures prises", "unknown": "non connu", "not assessed": "pas encore évalué", "serious": "oui",
        "not serious": "non", "none": "aucun", "owed": "AVIS PAS ENCORE TRANSMIS",
        "no law": "aucune loi connue ici n’en exige", "by risk": "selon le critère du RGPD",
        "unlikely": "un risque est improbable", "likely": "un risque", "high": "un risque élevé",
        "regulator": "organisme de contrôle", "persons": "personnes concernées", "public": "avis public",
        "organisation": "organisme", "since": "du", "until": "au",
        "title": "Registre des incidents de confidentialité", "kept": "Conservé jusqu’au",
    },
}  # fmt: skip
ITEMS = tuple("12345678")
EXAMPLE_ITEM = (
    '{"incident":"INC-1","categories":["pd:Name"],"circumstances":["whosaw:Loss"],"since":null,"until":null,'
    '"aware_at":"2026-03-02T09:00:00-05:00","affected":12,"serious":true,"risk":null,"factors":["whosaw:SensitiveData"],'
    '"notices":[],"measures":[],"closed":false,"laws":["ca-pipeda"],"owed":["regulator","persons"],'
    '"duties":[{"whom":"regulator","rule":"ca-pipeda:10.1"},{"whom":"persons","rule":"ca-pipeda:10.1"}],"recipient":null,'
    '"kept_until":"2031-03-02","positions":[[0,812]],"exposure":null,'
    '"register":[{"item":1,"title":"Personal information concerned","text":"Name"}]}'
)
EXAMPLES = {
    JSON: f'{{"positions":[4711],"language":"en","unnotified":["INC-1"],"items":[{EXAMPLE_ITEM}],"next":null}}',
    CSV: "incident,Personal information concerned,Circumstances,When it happened\nINC-1,Name,Loss,not known\n",
    NDJSON: EXAMPLE_ITEM + "\n",
    TEXT: "Register of confidentiality incidents\n\nINC-1\n1. Personal information concerned: Name\n",
}
CONTENT = {
    kind: {**ANSWER.get(kind, {"schema": {"type": "string"}}), "example": text} for kind, text in EXAMPLES.items()
}


@router.get(
    "/v1/incidents",
    operation_id="readIncidentRegister",
    summary="The register of incidents, in the law's eight items",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_register(
    request: Request, since: SINCE = None, as_of: AS_OF_ALL = None, known_at: KNOWN_AT = None,
    valid_at: VALID_AT = None, language: LANGUAGE = None,
) -> Response:  # fmt: skip
    """Return every incident with the eight items of Quebec's register in their order, and until when it is kept.

    That is 24 months from the day it was determined (Canada) or five years from awareness (Quebec), whichever is
    later. `unnotified` names incidents of which a regulator or the persons are to be notified and were not yet, by the
    laws of the place: the same that is owed in `/v1/obligations`, `duties` by rule. An incident that was never recorded
    as detected stands there, too, with what is not known.
    """
    question = ask(request, "whosaw:QueryIncidentRegister", "disclosures:read")
    kind = accepted(request, JSON, CSV, NDJSON, TEXT)
    tongue = language or preferred(request)
    after, then = moment("since", since, BEGINNING), happened_by(request)
    positions = pins_of_all(request, question, incident_register.READ)
    with question.state.ledger.connection() as connection:
        found = incident_register.register(connection, dict(enumerate(positions)), after, then)
    recorded(question, (), count=len(found))
    if kind == TEXT:
        return Response(page(found, tongue), headers=PRIVATE, media_type="text/plain; charset=utf-8")
    if kind == CSV:
        items = [
            {"incident": each.incident}
            | {WORDS[tongue][item]: text for item, text in zip(ITEMS, texts(each, tongue), strict=True)}
            | {WORDS[tongue]["kept"]: each.kept_until.isoformat()}
            for each in found
        ]
    else:
        items = [_item(each, tongue) for each in found]
    unnotified = [each.incident for each in found if each.owed]
    document = document_of_all(request, question, positions) | {"language": tongue, "unnotified": unnotified}
    return rows(request, document, items, following=None, kind=kind)


def _item(incident: Incident, language: str) -> dict[str, Any]:
    register = [
        {"item": int(item), "title": WORDS[language][item], "text": text}
        for item, text in zip(ITEMS, texts(incident, language), strict=True)
    ]
    exposure = None
    if incident.recipient and incident.since:
        exposure = f"/v1/recipients/{incident.recipient}/exposure"
    return plain(incident) | {"exposure": exposure, "register": register}


def texts(incident: Incident, language: str) -> list[str]:
    """Return the eight items of an incident as people read them."""
    words = WORDS[language]

    def labels(codes: Sequence[str]) -> str:
        return "; ".join(label(code, language) for code in codes)

    when = [f"{words[name]} {at}" for name, at in (("since", incident.since), ("until", incident.until)) if at]
    risk = words["not assessed"]
    if incident.serious is not None:
        test = f"; {words['by risk']}: {words[incident.risk]}" if incident.risk else ""
        risk = f"{words['serious' if incident.serious else 'not serious']}{test}: {labels(incident.factors)}"
    notices = [_notice(each, language) for each in incident.notices]
    if incident.duties:
        notices.append(f"{words['owed']}: {', '.join(_duty(each, language) for each in incident.duties)}")
    if not incident.laws:
        notices.append(words["no law"])
    return [
        labels(incident.categories) or words["unknown"],
        labels(incident.circumstances) or words["unknown"],
        " ".join(when) or words["unknown"],
        incident.aware_at or words["unknown"],
        words["unknown"] if incident.affected is None else str(incident.affected),
        risk,
        "; ".join(notices) or words["none"],
        labels(incident.measures) or words["none"],
    ]


def _notice(notice: Notice, language: str) -> str:
    whom = WORDS[language][notice.whom] + (f" ({notice.authority})" if notice.authority else "")
    why = f" ({label(notice.reason, language)})" if notice.reason else ""
    return f"{notice.at} {whom}, {label(notice.channel, language)}{why}"


def _duty(duty: Duty, language: str) -> str:
    return WORDS[language][duty.whom] + (f" ({label(duty.rule, language)})" if duty.rule else "")


def page(incidents: Sequence[Incident], language: str) -> str:
    """Return the register as a page of text."""
    words = WORDS[language]
    lines = [words["title"], ""]
    for each in incidents:
        lines += [each.incident]
        lines += [f"{item}. {words[item]}: {text}" for item, text in zip(ITEMS, texts(each, language), strict=True)]
        lines += [f"{words['kept']} {each.kept_until.isoformat()}", ""]
    return "\n".join(lines if incidents else [*lines, words["none"], ""])
