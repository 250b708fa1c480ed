"""A report to the CyberTipline of NCMEC, as its web service takes it: elements in the order of its schema
(Nachtalb/ncmec-cybertip at ab21127, cross-checked with roostorg/coop). Data alone: no picture is ever part of it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Final
from uuid import UUID
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import orjson

from backend.kit.errors import Invalid

INCIDENT_TYPES: Final = {
    "child_pornography": "Child Pornography (possession, manufacture, and distribution)",
    "child_sex_trafficking": "Child Sex Trafficking",
    "child_sex_tourism": "Child Sex Tourism",
    "child_sexual_molestation": "Child Sexual Molestation",
    "misleading_domain_name": "Misleading Domain Name",
    "misleading_words": "Misleading Words or Digital Images on the Internet",
    "online_enticement": "Online Enticement of Children for Sexual Acts",
    "unsolicited_obscene_material": "Unsolicited Obscene Material Sent to a Child",
}
REPORT_ANNOTATIONS: Final = (
    *("sextortion", "csamSolicitation", "minorToMinorInteraction", "spam", "sadisticOnlineExploitation"),
    "informational",
)
FILE_ANNOTATIONS: Final = (
    *("animeDrawingVirtualHentai", "potentialMeme", "viral", "possibleSelfProduction", "physicalHarm", "violenceGore"),
    *("bestiality", "liveStreaming", "infant", "generativeAi"),
)
EVENTS: Final = ("Login", "Registration", "Purchase", "Upload", "Other", "Unknown")
CLASSIFICATIONS: Final = ("A1", "A2", "B1", "B2")
_LONGEST: Final = {
    "platform": 256,
    "escalateToHighPriority": 3_000,
    "incidentDateTimeDescription": 3_000,
    "espIdentifier": 255,
    "espService": 100,
}
# What XML 1.0 can hold in no way, not even escaped.
_UNSPEAKABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Named:
    """Who reports, at the client or its agency; or who is reported, as far as that is known."""

    first_name: str
    last_name: str
    phones: Sequence[str] = ()
    emails: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class IpCapture:
    ip_address: str
    event: str
    at: datetime
    is_possible_proxy: bool = False
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """`role`: reported, recipient or victim. `person` only of whoever is reported."""

    role: str
    person: Named | None = None
    esp_identifier: str = ""
    esp_service: str = ""
    is_compromised: bool = False
    screen_name: str = ""
    display_names: Sequence[str] = ()
    profile_urls: Sequence[str] = ()
    profile_bio: str = ""
    ip_captures: Sequence[IpCapture] = ()
    device_ids: Sequence[str] = ()
    group_identifier: str = ""
    additional_info: str = ""


@dataclass(frozen=True, slots=True)
class TipFile:
    """`viewed_by_id`: the colleague who has seen the whole of it; None: nobody, and it is reported so."""

    original_name: str
    viewed_by_id: UUID | None = None
    uploaded_at: datetime | None = None
    location: str = ""
    is_exif_viewed: bool = False
    is_public: bool = False
    is_supplemental: bool = False
    annotations: Sequence[str] = ()
    classification: str | None = None
    hash_type: str = ""
    hash: str = ""
    ip_capture: IpCapture | None = None
    additional_info: str = ""


@dataclass(frozen=True, slots=True)
class CyberTip:
    """`urls` are where it was seen; `chat_client`, `chat_room` and `chat_content` where it was a conversation."""

    incident_type: str
    incident_at: datetime
    reporter: Named
    incident_at_description: str = ""
    platform: str = ""
    high_priority: str = ""
    annotations: Sequence[str] = ()
    urls: Sequence[str] = ()
    urls_info: str = ""
    is_third_party_hosted: bool = False
    chat_client: str = ""
    chat_room: str = ""
    chat_content: str = ""
    company: str = ""
    terms_of_service: str = ""
    legal_url: str = ""
    accounts: Sequence[Account] = ()
    files: Sequence[TipFile] = ()
    additional_info: str = ""


def checked_cybertip(tip: CyberTip, *, colleagues: Iterable[UUID]) -> dict[str, Any]:
    """As it is stored. `colleagues`: who may be named as having seen a file. Raises Invalid."""
    if tip.incident_type not in INCIDENT_TYPES:
        raise Invalid("This is no type of incident.", path=("input", "incidentType"))
    if not tip.reporter.first_name.strip() or not tip.reporter.last_name.strip():
        raise Invalid("A report names who makes it.", path=("input", "reporter"))
    if not set(tip.annotations) <= set(REPORT_ANNOTATIONS):
        raise Invalid("This is no annotation of a report.", path=("input", "annotations"))
    if sum(account.role == "reported" for account in tip.accounts) > 1:
        raise Invalid("A report is about one account: write one for each.", path=("input", "accounts"))
    for account in tip.accounts:
        if account.person is not None and account.role != "reported":
            raise Invalid("Only whoever is reported is named here.", path=("input", "accounts"))
        for capture in account.ip_captures:
            _check_capture(capture)
    known = set(colleagues)
    for file in tip.files:
        _check_file(file, known)
    content: dict[str, Any] = orjson.loads(orjson.dumps(asdict(tip)))
    cybertip_documents(content, is_drill=False)  # lengths, and what XML cannot say
    return content


def cybertip_documents(content: Mapping[str, Any], *, is_drill: bool) -> dict[str, tuple[str, str]]:
    """By name: its media type and its text. `file-n.xml` is without `reportId` and `fileId`, which NCMEC gives while it is
    told: they go first. Raises Invalid."""
    found = {"report.xml": ("application/xml", _text(_report(content), is_drill=is_drill))}
    for number, file in enumerate(content["files"], start=1):
        found[f"file-{number}.xml"] = ("application/xml", _text(_file_details(file), is_drill=is_drill))
    return found


def _report(tip: Mapping[str, Any]) -> Element:
    report = Element("report")
    summary = SubElement(report, "incidentSummary")
    _add(summary, "incidentType", INCIDENT_TYPES[tip["incident_type"]])
    _add(summary, "platform", tip["platform"])
    _add(summary, "escalateToHighPriority", tip["high_priority"])
    _add_marks(summary, "reportAnnotations", REPORT_ANNOTATIONS, tip["annotations"])
    _add(summary, "incidentDateTime", _moment(tip["incident_at"]))
    _add(summary, "incidentDateTimeDescription", tip["incident_at_description"])
    if tip["urls"]:
        web = SubElement(SubElement(report, "internetDetails"), "webPageIncident")
        web.set("thirdPartyHostedContent", _boolean(tip["is_third_party_hosted"]))
        _add(web, "url", *tip["urls"])
        _add(web, "additionalInfo", tip["urls_info"])
    if tip["chat_client"] or tip["chat_room"] or tip["chat_content"]:
        chat = SubElement(SubElement(report, "internetDetails"), "chatImIncident")
        _add(chat, "chatClient", tip["chat_client"])
        _add(chat, "chatRoomName", tip["chat_room"])
        _add(chat, "content", tip["chat_content"])
    reporter = SubElement(report, "reporter")
    _add_person(reporter, "reportingPerson", tip["reporter"])
    _add(reporter, "companyTemplate", tip["company"])
    _add(reporter, "termsOfService", tip["terms_of_service"])
    _add(reporter, "legalURL", tip["legal_url"])
    for role, name in (("reported", "personOrUserReported"), ("recipient", "intendedRecipient"), ("victim", "victim")):
        for account in tip["accounts"]:
            if account["role"] == role:
                _add_account(SubElement(report, name), account)
    _add(report, "additionalInfo", tip["additional_info"])
    return report


def _add_account(place: Element, account: Mapping[str, Any]) -> None:
    if account["person"] is not None:
        _add_person(place, "personOrUserReportedPerson", account["person"])
    _add(place, "espIdentifier", account["esp_identifier"])
    _add(place, "espService", account["esp_service"])
    _add(place, "compromisedAccount", "true" if account["is_compromised"] else "")
    _add(place, "screenName", account["screen_name"])
    _add(place, "displayName", *account["display_names"])
    _add(place, "profileUrl", *account["profile_urls"])
    _add(place, "profileBio", account["profile_bio"])
    for capture in account["ip_captures"]:
        _add_capture(place, capture)
    _add(place, "deviceId", *account["device_ids"])
    _add(place, "groupIdentifier", account["group_identifier"])
    _add(place, "additionalInfo", account["additional_info"])


def _file_details(file: Mapping[str, Any]) -> Element:
    details = Element("fileDetails")
    _add(details, "originalFileName", file["original_name"])
    _add(details, "uploadedToEspTimestamp", _moment(file["uploaded_at"]) if file["uploaded_at"] else "")
    _add(details, "locationOfFile", file["location"])
    _add(details, "fileViewedByEsp", _boolean(file["viewed_by_id"] is not None))
    _add(details, "exifViewedByEsp", _boolean(file["is_exif_viewed"]))
    _add(details, "publiclyAvailable", _boolean(file["is_public"]))
    _add(details, "fileRelevance", "Supplemental Reported" if file["is_supplemental"] else "Reported")
    _add_marks(details, "fileAnnotations", FILE_ANNOTATIONS, file["annotations"])
    _add(details, "industryClassification", file["classification"] or "")
    if file["hash"]:
        SubElement(details, "originalFileHash", hashType=file["hash_type"]).text = file["hash"]
    if file["ip_capture"] is not None:
        _add_capture(details, file["ip_capture"])
    _add(details, "additionalInfo", file["additional_info"])
    return details


def _add_person(place: Element, name: str, person: Mapping[str, Any]) -> None:
    found = SubElement(place, name)
    _add(found, "firstName", person["first_name"])
    _add(found, "lastName", person["last_name"])
    _add(found, "phone", *person["phones"])
    _add(found, "email", *person["emails"])


def _add_capture(place: Element, capture: Mapping[str, Any]) -> None:
    event = SubElement(place, "ipCaptureEvent")
    _add(event, "ipAddress", capture["ip_address"])
    _add(event, "eventName", capture["event"])
    _add(event, "dateTime", _moment(capture["at"]))
    _add(event, "possibleProxy", "true" if capture["is_possible_proxy"] else "")
    _add(event, "port", "" if capture["port"] is None else str(capture["port"]))


def _add_marks(place: Element, name: str, all_of_them: Sequence[str], marks: Sequence[str]) -> None:
    if marks:
        found = SubElement(place, name)
        for mark in all_of_them:
            if mark in marks:
                SubElement(found, mark)


def _add(place: Element, name: str, *texts: str) -> None:
    """One for each that says something. Raises Invalid."""
    for text in texts:
        if not text.strip():
            continue
        if _UNSPEAKABLE.search(text):
            raise Invalid(f"{name} contains a character that XML cannot hold.", path=("input",))
        longest = _LONGEST.get(name, 5_000)
        if len(text.strip()) > longest:
            raise Invalid(f"{name} is longer than {longest:,} characters.", path=("input",))
        SubElement(place, name).text = text.strip()


def _check_file(file: TipFile, colleagues: set[UUID]) -> None:
    if not file.original_name.strip():
        raise Invalid("A file has a name.", path=("input", "files"))
    if file.viewed_by_id is not None and file.viewed_by_id not in colleagues:
        raise Invalid("A file was viewed by a colleague who works for this client.", path=("input", "files"))
    if not set(file.annotations) <= set(FILE_ANNOTATIONS):
        raise Invalid("This is no annotation of a file.", path=("input", "files"))
    if file.classification is not None and file.classification not in CLASSIFICATIONS:
        raise Invalid("A file is classified as A1, A2, B1 or B2.", path=("input", "files"))
    if file.is_supplemental and (file.classification is not None or "potentialMeme" in file.annotations):
        raise Invalid("A supplemental file has no classification, and is no meme.", path=("input", "files"))
    if bool(file.hash.strip()) != bool(file.hash_type.strip()):
        raise Invalid("A hash has a type.", path=("input", "files"))
    for text in (file.hash, file.hash_type):
        if _UNSPEAKABLE.search(text) or len(text) > 200:
            raise Invalid("This is no hash.", path=("input", "files"))
    if file.ip_capture is not None:
        _check_capture(file.ip_capture)


def _check_capture(capture: IpCapture) -> None:
    try:
        ip_address(capture.ip_address)
    except ValueError:
        raise Invalid("This is no IP address.", path=("input",)) from None
    if capture.event not in EVENTS:
        raise Invalid("This is no event that NCMEC knows.", path=("input",))
    if capture.port is not None and not 0 < capture.port < 65_536:
        raise Invalid("This is no port.", path=("input",))


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _text(root: Element, *, is_drill: bool) -> str:
    indent(root)
    drill = "<!-- Drill: not to be sent. -->\n" if is_drill else ""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{drill}{tostring(root, encoding="unicode")}\n'
