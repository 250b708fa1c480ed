"""What authorities are told: two people, the shape that law and NCMEC ask for, deadlines, and that what was told is kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import httpx
import orjson
import pytest
from cast import ask
from safety.conftest import House

from backend.evidence import Hold, lift_hold
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed
from backend.notices import Notice
from backend.safety import (
    Account,
    CrisisResource,
    CyberTip,
    EscalationStep,
    Help,
    IpCapture,
    Named,
    Notification,
    SafetyFiling,
    TipFile,
    acknowledge_escalation,
    approve_filing,
    break_glass,
    draft_filing,
    record_contact,
    record_filed,
    set_crisis_resource,
    tell_of_deadlines,
)
from backend.safety.writing_cybertips import checked_cybertip
from tenants.rights import Role
from tenants.scope import agency_scope

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TOLD = Notification(
    suspected_offence="Murder", taking_place="likely", threat_summary="He has a rifle.", member_states=("DE", "AT"),
    member_states_because="He lives in one and works in the other.", authority="Polizei Wien", channel="telephone",
    minors_involved=True, last_seen_at=AT,
)  # fmt: skip

# Written down a second time from the schema's reference: what may stand in which element, in which order; * needed.
ORDER = {
    "report": "incidentSummary* internetDetails lawEnforcement reporter* personOrUserReported intendedRecipient victim "
    "additionalInfo",
    "incidentSummary": "incidentType* platform escalateToHighPriority reportAnnotations incidentDateTime* "
    "incidentDateTimeDescription",
    "internetDetails": "webPageIncident emailIncident newsgroupIncident chatImIncident",
    "webPageIncident": "url additionalInfo",
    "chatImIncident": "chatClient chatRoomName content additionalInfo",
    "reporter": "reportingPerson* contactPerson companyTemplate termsOfService legalURL",
    "reportingPerson": "firstName lastName phone email address age",
    "personOrUserReportedPerson": "firstName lastName phone email address age",
    **dict.fromkeys(
        ("personOrUserReported", "intendedRecipient", "victim"),
        "personOrUserReportedPerson vehicleDescription espIdentifier espService compromisedAccount screenName displayName "
        "profileUrl profileBio ipCaptureEvent deviceId thirdPartyUserReported priorCTReports groupIdentifier "
        "estimatedLocation allEmailsReported associatedAccount additionalInfo",
    ),
    "ipCaptureEvent": "ipAddress* eventName* dateTime* possibleProxy port",
    "fileDetails": "reportId fileId originalFileName uploadedToEspTimestamp locationOfFile fileViewedByEsp "
    "exifViewedByEsp publiclyAvailable fileRelevance fileAnnotations industryClassification originalFileHash "
    "ipCaptureEvent deviceId details additionalInfo",
    "reportAnnotations": "sextortion csamSolicitation minorToMinorInteraction spam sadisticOnlineExploitation "
    "informational",
    "fileAnnotations": "animeDrawingVirtualHentai potentialMeme viral possibleSelfProduction physicalHarm violenceGore "
    "bestiality liveStreaming infant generativeAi",
}


def faults(element: ElementTree.Element) -> list[str]:
    found: list[str] = []
    for each in element.iter():
        names = [child.tag for child in each]
        if each.tag not in ORDER:
            found += [f"{each.tag} has {names}"] if names else []
            continue
        order = [name.rstrip("*") for name in ORDER[each.tag].split()]
        found += [f"{each.tag} has {name}" for name in names if name not in order]
        places = [order.index(name) for name in names if name in order]
        if places != sorted(places):
            found.append(f"{each.tag} is out of order: {names}")
        found += [f"{each.tag} lacks {n[:-1]}" for n in ORDER[each.tag].split() if n[-1] == "*" and n[:-1] not in names]
    return found


def tip(**changed: Any) -> CyberTip:
    capture = IpCapture("2001:db8::1", "Upload", AT, is_possible_proxy=True, port=443)
    return CyberTip(
        **{
            "incident_type": "online_enticement",
            "incident_at": AT,
            "reporter": Named("Ada", "Byron", ("+43 1",), ("ada@example.com",)),
            "incident_at_description": "in the evening",
            "platform": "Forum & Co <1>",
            "high_priority": "They meet tonight.",
            "annotations": ("spam", "sextortion"),
            "urls": ("https://example.com/1", "https://example.com/2"),
            "urls_info": "two",
            "chat_client": "Direct messages",
            "chat_room": "x",
            "chat_content": "Come.",
            "company": "c",
            "terms_of_service": "t",
            "legal_url": "https://example.com/legal",
            "accounts": (
                Account("victim", screen_name="kid"),
                Account(
                    "reported", Named("John", "Doe"), "u-1", "forum", True, "jd", ("John", "Johnny"),
                    ("https://example.com/jd",), "bio", (capture,), ("phone",), "g", "more",
                ),
                Account("recipient", screen_name="other"),
            ),
            "files": (TipFile("a.png", hash_type="MD5", hash="ab" * 16, ip_capture=capture, uploaded_at=AT),),
            "additional_info": "more",
            **changed,
        }
    )  # fmt: skip


async def an_escalation(house: House, **danger: Any) -> UUID:
    """The responder has it; the second was paged as well."""
    escalation_id = await house.raised(**{"kind": "threat_to_life", **danger})
    async with agency_scope(house.responder):
        await acknowledge_escalation(house.responder, escalation_id)
    return escalation_id


async def drafted(house: House, escalation_id: UUID, said: Any = TOLD, **again: Any) -> SafetyFiling:
    async with agency_scope(house.responder):
        filing_id = await draft_filing(house.responder, escalation_id, said, **again)
    return await of(house, filing_id)


async def of(house: House, filing_id: UUID) -> SafetyFiling:
    async with agency_scope(house.system):
        return await SafetyFiling.get(id=filing_id)


async def approved(house: House, filing: SafetyFiling) -> SafetyFiling:
    async with agency_scope(house.second):
        await approve_filing(house.second, filing.id, expected_version=filing.version)
    return await of(house, filing.id)


async def filed(house: House, filing: SafetyFiling, **said: Any) -> SafetyFiling:
    async with agency_scope(house.responder):
        given = {"filed_at": now(), "reference": "AZ 1", "proof": "mail of today", "expected_version": filing.version}
        await record_filed(house.responder, filing.id, **{**given, **said})
    return await of(house, filing.id)


def texts(filing: SafetyFiling) -> dict[str, str]:
    return {each["name"]: each["text"] for each in filing.documents}


async def test_one_drafts_another_approves_and_then_it_is_filed(house: House) -> None:
    escalation_id = await an_escalation(house)
    filing = await drafted(house, escalation_id)
    escalation = await house.of(escalation_id)
    assert (filing.state, filing.kind) == ("drafted", "article_18")
    assert filing.due_at == escalation.raised_at + timedelta(hours=4)
    async with agency_scope(house.responder):
        with pytest.raises(NotAllowed):
            await approve_filing(house.responder, filing.id, expected_version=filing.version)
        with pytest.raises(Conflict):
            given = {"filed_at": now(), "reference": "x", "proof": "x", "expected_version": filing.version}
            await record_filed(house.responder, filing.id, **given)
    filing = await approved(house, filing)
    assert (filing.state, filing.by_id, filing.approved_by_id) == (
        "approved", house.responder.membership_id, house.second.membership_id,
    )  # fmt: skip
    before = texts(filing)
    filing = await filed(house, filing)
    assert (filing.state, filing.reference, filing.proof) == ("filed", "AZ 1", "mail of today")
    assert {name: text for name, text in texts(filing).items() if name != "record.json"} == before
    record = orjson.loads(texts(filing)["record.json"])
    assert record["reference"] == "AZ 1"
    assert record["documents"] == {each["name"]: each["sha256"] for each in filing.documents[:-1]}
    with pytest.raises(Conflict):
        await drafted(house, escalation_id, filing_id=filing.id, expected_version=filing.version)
    async with agency_scope(house.system):
        kinds = await EscalationStep.filter(escalation_id=escalation_id, kind__contains="fil").order_by("at", "id")
    assert [step.kind for step in kinds] == ["filing_drafted", "filing_approved", "filed"]


async def test_what_is_written_anew_needs_a_new_approval_of_somebody_else(house: House) -> None:
    escalation_id = await an_escalation(house)
    filing = await approved(house, await drafted(house, escalation_id))
    with pytest.raises(Conflict):
        await drafted(house, escalation_id, filing_id=filing.id, expected_version=1)
    async with agency_scope(house.second):
        await draft_filing(house.second, escalation_id, TOLD, filing_id=filing.id, expected_version=filing.version)
    filing = await of(house, filing.id)
    assert (filing.state, filing.by_id, filing.approved_by_id) == ("drafted", house.second.membership_id, None)
    with pytest.raises(NotAllowed):
        await approved(house, filing)


async def test_the_database_itself_knows_that_two_people_are_two(house: House) -> None:
    filing = await drafted(house, await an_escalation(house))
    async with agency_scope(house.system) as scope:
        with pytest.raises(Exception, match="safety_filings_check"):
            await scope.execute("update safety_filings set state = 'approved', approved_by_id = by_id")
        scope.doom()
    assert (await of(house, filing.id)).state == "drafted"


async def test_a_second_person_is_found_in_whoever_broke_the_glass(house: House) -> None:
    escalation_id = await an_escalation(house)
    filing = await drafted(house, escalation_id)
    lead = house.lead
    async with agency_scope(lead):
        with pytest.raises(NotAllowed):
            await approve_filing(lead, filing.id, expected_version=filing.version)
    async with agency_scope(house.cast.owner):
        owner = house.cast.owner
        await break_glass(owner, escalation_id, reason="Nobody else is there.")
        await approve_filing(owner, filing.id, expected_version=filing.version)
    assert (await of(house, filing.id)).approved_by_id == house.cast.owner.membership_id


async def test_article_18_says_everything_in_json_and_to_be_read(house: House) -> None:
    filing = await approved(house, await drafted(house, await an_escalation(house)))
    told = orjson.loads(texts(filing)["notification.json"])
    assert (
        list(told)
        == (
            "suspectedOffence takingPlace threatSummary memberStates memberStatesBecause authority channel personNotified "
            "informationProvided withheld withheldBecause europolCopied identityOfPersons lastSeenAt locationClues "
            "weaponsOrMeans minorsInvolved reporterContactConsent preservedUntil approver"
        ).split()
    )
    assert (told["takingPlace"], told["memberStates"], told["minorsInvolved"]) == ("LIKELY", ["AT", "DE"], True)
    assert told["approver"]
    assert "Threat summary: He has a rifle.\n" in texts(filing)["notification.txt"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"member_states": ()},
        {"member_states": ("US",)},
        {"taking_place": "soon"},
        {"withheld": ("his address",)},
        {"authority": " "},
        {"suspected_offence": ""},
        {"threat_summary": "x" * 5_001},
    ],
    ids=lambda wrong: f"{next(iter(wrong))}-{len(str(wrong))}",
)
async def test_article_18_is_refused_where_it_is_not_whole(house: House, wrong: dict[str, Any]) -> None:

    escalation_id = await an_escalation(house)
    with pytest.raises(Invalid):
        await drafted(house, escalation_id, replace(TOLD, **wrong))


async def test_a_cybertip_has_the_elements_of_the_schema_in_its_order(house: House) -> None:
    filing = await drafted(house, await an_escalation(house, kind="child_safety"), tip())
    report = ElementTree.fromstring(texts(filing)["report.xml"].encode())
    details = ElementTree.fromstring(texts(filing)["file-1.xml"].encode())
    assert faults(report) == []
    assert faults(details) == []
    assert report.findtext("incidentSummary/incidentType") == "Online Enticement of Children for Sexual Acts"
    assert report.findtext("incidentSummary/incidentDateTime") == "2026-11-20T09:30:00Z"
    assert report.findtext("incidentSummary/platform") == "Forum & Co <1>"
    assert [each.tag for each in report] == (
        "incidentSummary internetDetails internetDetails reporter personOrUserReported intendedRecipient victim "
        "additionalInfo"
    ).split()
    assert details.findtext("fileViewedByEsp") == "false"
    assert details.findtext("fileRelevance") == "Reported"
    hash_ = details.find("originalFileHash")
    assert hash_ is not None
    assert (hash_.text, hash_.attrib) == ("ab" * 16, {"hashType": "MD5"})
    # The checker itself sees what is wrong.
    report.insert(0, report[-1])
    assert faults(report) != []


async def test_a_cybertip_says_that_a_file_was_viewed_only_with_whoever_viewed_it(house: House) -> None:
    viewer = house.second.membership_id
    assert viewer is not None
    escalation_id = await an_escalation(house, kind="child_safety")
    filing = await drafted(house, escalation_id, tip(files=(TipFile("a.png", viewed_by_id=viewer),)))
    assert "<fileViewedByEsp>true</fileViewedByEsp>" in texts(filing)["file-1.xml"]
    assert filing.content["files"][0]["viewed_by_id"] == str(viewer)
    with pytest.raises(Invalid):  # nobody who works for the client
        await drafted(house, escalation_id, tip(files=(TipFile("a.png", viewed_by_id=escalation_id),)))


@pytest.mark.parametrize(
    "wrong",
    {
        "incident": {"incident_type": "other"},
        "reporter": {"reporter": Named("", "x")},
        "platform": {"platform": "x" * 257},
        "priority": {"high_priority": "x" * 3_001},
        "identifier": {"accounts": (Account("reported", esp_identifier="x" * 256),)},
        "service": {"accounts": (Account("reported", esp_service="x" * 101),)},
        "two": {"accounts": (Account("reported"), Account("reported"))},
        "address": {"accounts": (Account("victim", ip_captures=(IpCapture("1.2.3", "Login", AT),)),)},
        "event": {"accounts": (Account("victim", ip_captures=(IpCapture("1.2.3.4", "login", AT),)),)},
        "annotation": {"annotations": ("x",)},
        "character": {"additional_info": "a\x01b"},
        "classified": {"files": (TipFile("a", is_supplemental=True, classification="A1"),)},
        "meme": {"files": (TipFile("a", is_supplemental=True, annotations=("potentialMeme",)),)},
        "class": {"files": (TipFile("a", classification="C1"),)},
    }.items(),
    ids=lambda wrong: wrong[0],
)
async def test_a_cybertip_is_refused_where_ncmec_would(wrong: tuple[str, dict[str, Any]]) -> None:

    with pytest.raises(Invalid):
        checked_cybertip(tip(**wrong[1]), colleagues=())


async def test_what_was_told_is_kept_as_long_as_law_asks(house: House) -> None:
    escalation_id = await an_escalation(house, kind="child_safety")
    filing = await filed(house, await approved(house, await drafted(house, escalation_id, tip())))
    assert filing.filed_at is not None
    assert filing.preserved_until == filing.filed_at + timedelta(days=366)
    async with agency_scope(house.cast.owner):
        [hold] = await Hold.filter(workspace_id=house.client, lifted_at=None)
        assert hold.preserved_until == filing.preserved_until
        with pytest.raises(Conflict):
            await lift_hold(house.cast.owner, hold.id, grounds="It is over.")
        await Hold.filter(id=hold.id).update(preserved_until=now() - timedelta(seconds=1))
        await lift_hold(house.cast.owner, hold.id, grounds="It is over.")


async def test_a_drill_says_so_in_every_document_and_keeps_nothing(house: House) -> None:
    escalation_id = await an_escalation(house, is_drill=True)
    for said in (TOLD, tip()):
        filing = await filed(house, await approved(house, await drafted(house, escalation_id, said)))
        for name, text in texts(filing).items():
            assert name == "record.json" or "Drill" in text
    async with agency_scope(house.system):
        assert await Hold.filter(workspace_id=house.client).count() == 0


async def test_what_is_overdue_is_told_once_to_whoever_has_it(house: House) -> None:
    escalation_id = await an_escalation(house)
    filing = await drafted(house, escalation_id)
    for late in (-1, 0, 60):
        async with agency_scope(house.system):
            await tell_of_deadlines(filing.due_at + timedelta(seconds=late))
            told = await Notice.filter(subject_id=escalation_id, kind="deadline_missed")
        assert [notice.membership_id for notice in told] == ([house.responder.membership_id] if late >= 0 else [])


async def test_only_who_answers_for_it_may_write_or_send(house: House) -> None:
    escalation_id = await an_escalation(house)
    filing = await approved(house, await drafted(house, escalation_id))
    outsider = await house.hire("outsider", Role.MODERATOR)
    async with agency_scope(outsider):
        with pytest.raises(NotAllowed):
            await draft_filing(outsider, escalation_id, TOLD)
        with pytest.raises(NotAllowed):
            given = {"filed_at": now(), "reference": "x", "proof": "x", "expected_version": filing.version}
            await record_filed(outsider, filing.id, **given)


async def test_who_was_told_stands_among_the_steps_and_is_never_changed(house: House) -> None:
    escalation_id = await an_escalation(house)
    told_at = now() - timedelta(minutes=3)
    async with agency_scope(house.responder):
        said = {"whom": "emergency_services", "channel": "telephone", "note": "Inspector Rex: a car is on its way."}
        await record_contact(house.responder, escalation_id, told_at=told_at, **said)
        with pytest.raises(Invalid):
            await record_contact(house.responder, escalation_id, told_at=now() + timedelta(hours=1), **said)
    async with agency_scope(house.system) as scope:
        [step] = await EscalationStep.filter(escalation_id=escalation_id, kind="contacted")
        assert (step.target, step.channel, step.note, step.at, step.by_id) == (
            "emergency_services", "telephone", said["note"], told_at, house.responder.membership_id,
        )  # fmt: skip
        with pytest.raises(Exception, match="permission denied"):
            await scope.execute("update escalation_steps set note = 'x' where id = $1", step.id)
        scope.doom()
    async with agency_scope(house.lead):
        with pytest.raises(NotAllowed):
            await record_contact(house.lead, escalation_id, told_at=told_at, **said)


async def test_help_is_listed_only_while_somebody_has_looked_it_up(house: House, api: httpx.AsyncClient) -> None:
    name = f"Line {house.slug}"
    given = Help("AT", "suicide", name, "always", ["de"], "https://example.com/", now(), phone="1")
    for wrong in ({"phone": ""}, {"country": "at"}, {"verified_at": now() + timedelta(hours=1)}, {"languages": []}):
        async with agency_scope(house.lead):
            with pytest.raises(Invalid):
                await set_crisis_resource(house.lead, replace(given, **wrong), verify_before=now() + timedelta(days=30))
    async with agency_scope(house.lead):
        with pytest.raises(Invalid):
            await set_crisis_resource(house.lead, given, verify_before=now() + timedelta(days=366))
        first = await set_crisis_resource(house.lead, given, verify_before=now() + timedelta(days=30))
        again = await set_crisis_resource(
            house.lead, replace(given, phone="2"), verify_before=now() + timedelta(days=9)
        )
        assert first == again
    query = "query($id: ID!) { node(id: $id) { ... on CrisisResource { name phone } } }"
    asked = {"id": f"crisisresource_{first}"}
    assert (await ask(api, house.token("responder"), query, **asked))["data"]["node"] == {"name": name, "phone": "2"}
    async with agency_scope(house.system):
        over = {"verified_at": now() - timedelta(days=1), "verify_before": now() - timedelta(seconds=1)}
        await CrisisResource.filter(id=first).update(**over)
    assert (await ask(api, house.token("responder"), query, **asked))["data"]["node"] is None
