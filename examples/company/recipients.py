"""The fifteen outsiders to whom the sample company gives data: one of every kind its policy names.

All are invented. A disclosure carries a snapshot of its recipient; the legal role is the role in
that disclosure, since a collector acts on our mandate one day and buys the debt the next.
"""

from __future__ import annotations

from typing import NamedTuple


class Recipient(NamedTuple):
    """An organisation outside the company."""

    id: str
    name: str
    address: str
    country: str
    """A place code, with the subdivision where one is known."""
    kind: str
    """What it is, as a code."""
    role: str
    """Its usual legal role."""

    def snapshot(self, role: str | None = None) -> dict[str, object]:
        """The recipient as a disclosure states it, with its legal role there."""
        return {
            "id": self.id,
            "name": self.name,
            "address": self.address,
            "country": self.country,
            "kind": self.kind,
            "role": role or self.role,
        }


BUSINESS = "dpv:ForProfitOrganisation"
PROCESSOR = "dpv:DataProcessor"
CONTROLLER = "dpv:DataController"
THIRD_PARTY = "dpv:ThirdParty"
POLICE = "dpv:LawEnforcementOrganisation"

CARD_PROCESSOR = Recipient(
    "card-processor", "Paiements Rive-Claire inc.", "400 rue de la Fiction, Montréal QC", "loc:CA-QC",
    "whosaw:PaymentProcessor", PROCESSOR,
)  # fmt: skip
BANK = Recipient(
    "bank", "Banque du Grand-Fleuve", "12 place des Exemples, Québec QC", "loc:CA-QC",
    BUSINESS, CONTROLLER,
)  # fmt: skip
COLLECTIONS_AGENCY = Recipient(
    "collections-agency", "Recouvrement Les Trois Pins inc.", "88 rang Imaginaire, Laval QC",
    "loc:CA-QC", "whosaw:DebtCollector", PROCESSOR,
)  # fmt: skip
DEBT_BUYER = Recipient(
    "debt-buyer", "Northlight Receivables Ltd.", "7 Sample Street, Toronto ON", "loc:CA-ON",
    "whosaw:DebtBuyer", CONTROLLER,
)  # fmt: skip
NUMBER_PORTABILITY = Recipient(
    "number-portability", "Administration de la portabilité Érable", "3 Example Road, Ottawa ON",
    "loc:CA-ON", "whosaw:NumberPortingAdministrator", CONTROLLER,
)  # fmt: skip
EMERGENCY_LOCATION = Recipient(
    "emergency-location", "Service de localisation 9-1-1 Laurentien", "911 rue Modèle, Gatineau QC",
    "loc:CA-QC", "dpv:EmergencyServiceProvider", CONTROLLER,
)  # fmt: skip
CREDIT_BUREAU = Recipient(
    "credit-bureau", "Bureau de crédit Alizé", "55 avenue du Spécimen, Montréal QC", "loc:CA-QC",
    "whosaw:CreditBureau", CONTROLLER,
)  # fmt: skip
CLOUD_HOST = Recipient(
    "cloud-host", "Tidewater Example Cloud LLC", "1 Placeholder Way, Ashburn VA", "loc:US",
    "whosaw:HostingProvider", PROCESSOR,
)  # fmt: skip
UPSTREAM_CARRIER = Recipient(
    "upstream-carrier", "Transport Voix Septentrion inc.", "20 rue du Commutateur, Montréal QC",
    "loc:CA-QC", "whosaw:Carrier", CONTROLLER,
)  # fmt: skip
MARKETING_FIRM = Recipient(
    "marketing-firm", "Agence La Criée inc.", "9 rue de l'Affiche, Montréal QC", "loc:CA-QC",
    "whosaw:AdvertisingPartner", PROCESSOR,
)  # fmt: skip
COURIER = Recipient(
    "courier", "Messagerie Harfang inc.", "31 boulevard du Colis, Longueuil QC", "loc:CA-QC",
    "whosaw:ShippingCompany", PROCESSOR,
)  # fmt: skip
CITY_POLICE = Recipient(
    "city-police", "Service de police de Rivière-aux-Fables", "10 rue de l'Ordre, QC", "loc:CA-QC",
    POLICE, THIRD_PARTY,
)  # fmt: skip
REGIONAL_POLICE = Recipient(
    "regional-police", "Sûreté régionale du Haut-Pays", "2 chemin du Poste, QC", "loc:CA-QC",
    POLICE, THIRD_PARTY,
)  # fmt: skip
REGULATOR = Recipient(
    "regulator", "Commission fictive des communications vocales", "1 promenade du Canal, QC",
    "loc:CA", "dpv:GovernmentalOrganisation", THIRD_PARTY,
)  # fmt: skip
LAWYER = Recipient(
    "lawyer", "Étude Beaulac et Sansregret, avocats", "77 rue du Palais, Montréal QC", "loc:CA-QC",
    "whosaw:LawFirm", THIRD_PARTY,
)  # fmt: skip

RECIPIENTS = (
    CARD_PROCESSOR, BANK, COLLECTIONS_AGENCY, DEBT_BUYER, NUMBER_PORTABILITY, EMERGENCY_LOCATION,
    CREDIT_BUREAU, CLOUD_HOST, UPSTREAM_CARRIER, MARKETING_FIRM, COURIER, CITY_POLICE,
    REGIONAL_POLICE, REGULATOR, LAWYER,
)  # fmt: skip
