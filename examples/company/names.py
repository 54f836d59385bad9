"""Common Quebec first and last names, reserved telephone numbers and reserved mail domains.

None of it can be a real person's: 555-0100 to 555-0199 are reserved for fiction in every North
American area code, and RFC 2606 and RFC 6761 reserve the domains.
"""

from __future__ import annotations

import unicodedata

FRENCH_FIRST = (
    "Amélie", "Antoine", "Benoît", "Camille", "Catherine", "Chantal", "Étienne", "Félix",
    "Gabrielle", "Geneviève", "Guillaume", "Isabelle", "Jacques", "Jérôme", "Josée", "Julien",
    "Laurence", "Luc", "Maude", "Mathieu", "Mélanie", "Nathalie", "Océane", "Olivier", "Pascal",
    "Philippe", "Rosalie", "Sébastien", "Sylvie", "Thérèse", "Valérie", "Xavier", "Yves", "Zoé",
)  # fmt: skip
FRENCH_LAST = (
    "Beaulieu", "Bélanger", "Bergeron", "Boucher", "Caron", "Cloutier", "Côté", "Desjardins",
    "Dubé", "Fortin", "Gagné", "Gagnon", "Gauthier", "Girard", "Hébert", "Lachance", "Lapointe",
    "Lavoie", "Leblanc", "Lefebvre", "Lévesque", "Martel", "Morin", "Nadeau", "Ouellet",
    "Pelletier", "Poirier", "Poulin", "Roy", "Simard", "Thibault", "Tremblay", "Turcotte",
)  # fmt: skip
ENGLISH_FIRST = (
    "Alice", "Andrew", "Brian", "Claire", "Daniel", "Emily", "Fiona", "George", "Hannah", "Ian",
    "Jessica", "Kevin", "Laura", "Mark", "Nancy", "Oliver", "Priya", "Robert", "Sarah", "Wei",
)  # fmt: skip
ENGLISH_LAST = (
    "Anderson", "Brown", "Campbell", "Chen", "Clarke", "Fraser", "Grant", "Harris", "Kelly",
    "MacDonald", "Murphy", "Nguyen", "O'Brien", "Patel", "Ross", "Scott", "Singh", "Smith",
    "Taylor", "Wilson",
)  # fmt: skip

AREA_CODES = (514, 438, 450, 579, 418, 581, 819, 873, 367, 354, 263, 468)
"""Quebec's. With 100 reserved numbers each, 1,200 people can have a number of their own."""
DOMAINS = ("example.com", "example.net", "example.org", "courriel.example", "poste.test")


def full_name(draw: float, first: float, last: float) -> tuple[str, str, str]:
    """A language and a name from three draws in [0, 1): four in five people are French-speaking."""
    if draw < 0.8:
        given, family, language = FRENCH_FIRST, FRENCH_LAST, "fr"
    else:
        given, family, language = ENGLISH_FIRST, ENGLISH_LAST, "en"
    return language, given[int(first * len(given))], family[int(last * len(family))]


def phone(number: int) -> str | None:
    """The number-th reserved telephone number in E.164 form, from 0; None when they have run out."""
    if number >= 100 * len(AREA_CODES):
        return None
    return f"+1{AREA_CODES[number % len(AREA_CODES)]}55501{number // len(AREA_CODES):02}"


def email(first: str, last: str, number: int) -> str:
    """An address of this person's own: the number tells namesakes apart."""
    plain = unicodedata.normalize("NFKD", f"{first}.{last}{number}").encode("ascii", "ignore")
    local = "".join(letter for letter in plain.decode().lower() if letter.isalnum() or letter == ".")
    return f"{local}@{DOMAINS[number % len(DOMAINS)]}"
