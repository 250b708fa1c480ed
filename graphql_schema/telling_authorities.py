"""What is said to authorities: the inputs, in the words of the law and of NCMEC's schema."""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry

from backend import safety
from graphql_schema.answering import optional_uuid_of
from graphql_schema.describing import optional, value


@strawberry.enum(description="When the offence takes place.")
class TakingPlace(Enum):
    PAST = value("past", "It has taken place.")
    NOW = value("now", "It goes on while this is written.")
    LIKELY = value("likely", "It is likely to take place.")


@strawberry.enum(description="NCMEC's types of incident.")
class IncidentType(Enum):
    CHILD_PORNOGRAPHY = value(
        "child_pornography", "NCMEC calls it: Child Pornography (possession, manufacture, and distribution)."
    )
    CHILD_SEX_TRAFFICKING = value("child_sex_trafficking", "NCMEC calls it: Child Sex Trafficking.")
    CHILD_SEX_TOURISM = value("child_sex_tourism", "NCMEC calls it: Child Sex Tourism.")
    CHILD_SEXUAL_MOLESTATION = value("child_sexual_molestation", "NCMEC calls it: Child Sexual Molestation.")
    MISLEADING_DOMAIN_NAME = value("misleading_domain_name", "NCMEC calls it: Misleading Domain Name.")
    MISLEADING_WORDS = value("misleading_words", "NCMEC calls it: Misleading Words or Digital Images on the Internet.")
    ONLINE_ENTICEMENT = value("online_enticement", "NCMEC calls it: Online Enticement of Children for Sexual Acts.")
    UNSOLICITED_OBSCENE_MATERIAL = value(
        "unsolicited_obscene_material", "NCMEC calls it: Unsolicited Obscene Material Sent to a Child."
    )


@strawberry.enum(description="What an account has to do with it.")
class TipRole(Enum):
    REPORTED = value("reported", "It is reported: one at most.")
    RECIPIENT = value("recipient", "It was to receive what was sent.")
    VICTIM = value("victim", "It is a victim's.")


@strawberry.enum(description="What an address was seen at.")
class IpEvent(Enum):
    LOGIN = value("Login", "When somebody signed in with the account.")
    REGISTRATION = value("Registration", "When the account was made.")
    PURCHASE = value("Purchase", "When something was bought with it.")
    UPLOAD = value("Upload", "When something was uploaded with it.")
    OTHER = value("Other", "At something that is none of these.")
    UNKNOWN = value("Unknown", "It is not known.")


@strawberry.input(description="What the police are told: article 18 of (EU) 2022/2065.")
class DraftNotificationInput:
    escalation_id: strawberry.ID = strawberry.field(description="What it is about; resolved ones too.")
    filing_id: strawberry.ID | None = optional("One that is written anew; a new one where it is left out.")
    expected_version: int | None = optional("The version you read of the one that is written anew.")
    suspected_offence: str = strawberry.field(description="Which offence is suspected.")
    taking_place: TakingPlace = strawberry.field(description="When it takes place.")
    threat_summary: str = strawberry.field(description="What threatens whom, at most 5,000 characters.")
    member_states: list[str] = strawberry.field(description="Which it concerns: two capitals each, GR for Greece.")
    member_states_because: str = strawberry.field(
        description="Why these: where offender or victim live, or offices are."
    )
    authority: str = strawberry.field(description="Which authority is told.")
    channel: str = strawberry.field(description="By what: a form, a mail address, a telephone number.")
    person_notified: str = strawberry.field(default="", description="Who there was told, where that is known.")
    information_provided: list[str] = strawberry.field(default_factory=list, description="What is handed over.")
    withheld: list[str] = strawberry.field(default_factory=list, description="What is not handed over.")
    withheld_because: str = strawberry.field(default="", description="Why; needed where something is withheld.")
    europol_copied: bool = strawberry.field(default=False, description="Whether Europol is told as well.")
    identity_of_persons: str = strawberry.field(default="", description="Who the persons are, as far as known.")
    last_seen_at: datetime | None = optional("When whoever threatens, or is threatened, was last seen.")
    location_clues: str = strawberry.field(default="", description="What tells where they are.")
    weapons_or_means: str = strawberry.field(default="", description="By what harm could be done.")
    minors_involved: bool | None = optional("Whether minors are concerned; unknown where it is left out.")
    reporter_contact_consent: bool = strawberry.field(
        default=False, description="Whether whoever reported it may be contacted."
    )

    def said(self) -> safety.Notification:
        names = safety.Notification.__dataclass_fields__
        given: dict[str, Any] = {name: getattr(self, name) for name in names}
        minors = self.minors_involved
        return safety.Notification(
            **given
            | {
                "taking_place": self.taking_place.value,
                "last_seen_at": self.last_seen_at or None,
                "minors_involved": minors if isinstance(minors, bool) else None,
            }
        )


@strawberry.input(description="Somebody, by name.")
class TipPersonInput:
    first_name: str = strawberry.field(default="", description="Needed of whoever reports.")
    last_name: str = strawberry.field(default="", description="Needed of whoever reports.")
    phones: list[str] = strawberry.field(default_factory=list, description="Telephone numbers, as they are dialled.")
    emails: list[str] = strawberry.field(default_factory=list, description="Mail addresses they use.")

    def said(self) -> safety.Named:
        return safety.Named(self.first_name, self.last_name, self.phones, self.emails)


@strawberry.input(description="An address that was seen.")
class IpCaptureInput:
    ip_address: str = strawberry.field(description="IPv4 or IPv6.")
    event: IpEvent = strawberry.field(description="At what it was seen.")
    captured_at: datetime = strawberry.field(description="When it was seen.")
    is_possible_proxy: bool = strawberry.field(default=False, description="Whether it may be a proxy's.")
    port: int | None = optional("From which port.")

    def said(self) -> safety.IpCapture:
        port = self.port if isinstance(self.port, int) else None
        return safety.IpCapture(self.ip_address, self.event.value, self.captured_at, self.is_possible_proxy, port)


@strawberry.input(description="An account that has to do with it.")
class TipAccountInput:
    role: TipRole = strawberry.field(description="What it has to do with it.")
    person: TipPersonInput | None = optional("Whose it is, as far as known; of the reported one alone.")
    esp_identifier: str = strawberry.field(default="", description="Its id at the platform, 255 characters at most.")
    esp_service: str = strawberry.field(default="", description="Of which service it is, 100 characters at most.")
    is_compromised: bool = strawberry.field(default=False, description="Whether somebody else may use it.")
    screen_name: str = strawberry.field(default="", description="The name it signs in with.")
    display_names: list[str] = strawberry.field(default_factory=list, description="The names it shows.")
    profile_urls: list[str] = strawberry.field(default_factory=list, description="Where its profile is.")
    profile_bio: str = strawberry.field(default="", description="What its profile says.")
    ip_captures: list[IpCaptureInput] = strawberry.field(default_factory=list, description="Addresses it used.")
    device_ids: list[str] = strawberry.field(default_factory=list, description="Devices it used.")
    group_identifier: str = strawberry.field(default="", description="The group it acted in.")
    additional_info: str = strawberry.field(default="", description="What else is known.")

    def said(self) -> safety.Account:
        given: dict[str, Any] = {name: getattr(self, name) for name in safety.Account.__dataclass_fields__}
        return safety.Account(
            **given
            | {
                "role": self.role.value,
                "person": self.person.said() if self.person else None,
                "ip_captures": [each.said() for each in self.ip_captures],
            }
        )


@strawberry.input(
    description="What is known of a file. The file itself goes to NCMEC by another way, never by this one."
)
class TipFileInput:
    original_name: str = strawberry.field(description="As it was called.")
    viewed_by_id: strawberry.ID | None = optional("The colleague who has seen the whole of it; left out: nobody.")
    uploaded_at: datetime | None = optional("When it was uploaded to the platform.")
    location: str = strawberry.field(default="", description="Where it was: an address.")
    is_exif_viewed: bool = strawberry.field(default=False, description="Whether somebody has seen its EXIF data.")
    is_public: bool = strawberry.field(default=False, description="Whether everybody could see it.")
    is_supplemental: bool = strawberry.field(default=False, description="Whether it only goes with another one.")
    annotations: list[str] = strawberry.field(
        default_factory=list, description="NCMEC's words, such as viral, infant or generativeAi."
    )
    classification: str | None = optional("A1, A2, B1 or B2.")
    hash_type: str = strawberry.field(default="", description="What `hash` is, such as MD5.")
    hash: str = strawberry.field(default="", description="Of the file as it was.")
    ip_capture: IpCaptureInput | None = optional("From where it was uploaded.")
    additional_info: str = strawberry.field(default="", description="What else is known.")

    def said(self) -> safety.TipFile:
        given: dict[str, Any] = {name: getattr(self, name) for name in safety.TipFile.__dataclass_fields__}
        return safety.TipFile(
            **given
            | {
                "viewed_by_id": optional_uuid_of("staff", self.viewed_by_id, field="viewedById"),
                "uploaded_at": self.uploaded_at or None,
                "classification": self.classification or None,
                "ip_capture": self.ip_capture.said() if self.ip_capture else None,
            }
        )


@strawberry.input(description="A report to NCMEC's CyberTipline.")
class DraftCybertipInput:
    escalation_id: strawberry.ID = strawberry.field(description="What it is about; resolved ones too.")
    filing_id: strawberry.ID | None = optional("One that is written anew; a new one where it is left out.")
    expected_version: int | None = optional("The version you read of the one that is written anew.")
    incident_type: IncidentType = strawberry.field(description="What happened, as NCMEC sorts it.")
    incident_at: datetime = strawberry.field(description="When it happened.")
    reporter: TipPersonInput = strawberry.field(description="Who reports, at the client or its agency.")
    incident_at_description: str = strawberry.field(default="", description="What there is to say of the time; 3,000.")
    platform: str = strawberry.field(default="", description="On what it happened, 256 characters at most.")
    high_priority: str = strawberry.field(
        default="", description="Why it cannot wait, 3,000 characters at most; empty where it can."
    )
    annotations: list[str] = strawberry.field(
        default_factory=list, description="NCMEC's words, such as sextortion or csamSolicitation."
    )
    urls: list[str] = strawberry.field(default_factory=list, description="Web pages where it was seen.")
    urls_info: str = strawberry.field(default="", description="What there is to say of them.")
    is_third_party_hosted: bool = strawberry.field(default=False, description="Whether they are somebody else's.")
    chat_client: str = strawberry.field(default="", description="With what they spoke.")
    chat_room: str = strawberry.field(default="", description="Where they spoke.")
    chat_content: str = strawberry.field(default="", description="What was said, at most 5,000 characters.")
    company: str = strawberry.field(default="", description="What NCMEC keeps of the company that reports.")
    terms_of_service: str = strawberry.field(default="", description="The terms that were broken.")
    legal_url: str = strawberry.field(default="", description="Where law enforcement finds how to ask for more.")
    accounts: list[TipAccountInput] = strawberry.field(default_factory=list, description="Who is part of it.")
    files: list[TipFileInput] = strawberry.field(default_factory=list, description="Which files are part of it.")
    additional_info: str = strawberry.field(default="", description="What else is known.")

    def said(self) -> safety.CyberTip:
        given: dict[str, Any] = {name: getattr(self, name) for name in safety.CyberTip.__dataclass_fields__}
        return safety.CyberTip(
            **given
            | {
                "incident_type": self.incident_type.value,
                "reporter": self.reporter.said(),
                "accounts": [each.said() for each in self.accounts],
                "files": [each.said() for each in self.files],
            }
        )


@strawberry.input(description="What may be sent.")
class ApproveFilingInput:
    filing_id: strawberry.ID = strawberry.field(description="One that somebody else wrote.")
    expected_version: int = strawberry.field(description="The version you read.")


@strawberry.input(description="What was sent.")
class RecordFiledInput:
    filing_id: strawberry.ID = strawberry.field(description="One that is approved.")
    expected_version: int = strawberry.field(description="The version you read.")
    filed_at: datetime = strawberry.field(description="When it was sent.")
    reference: str = strawberry.field(description="The authority's own, at most 500 characters.")
    proof: str = strawberry.field(description="Where it can be looked up that it was sent.")
