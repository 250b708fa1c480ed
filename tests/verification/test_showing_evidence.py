"""Members show evidence behind a link: machines check what they can, people look at the rest, and nothing stays that need not."""

import asyncio
import io
import zipfile
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cast import Cast
from PIL import Image
from verification.conftest import Restaurant, opened, receipt, show, status_of, upload

from backend.communities import set_language
from backend.evidence import lift_hold, place_hold
from backend.journal import JournalEntry
from backend.kit.clock import now
from backend.kit.errors import Conflict
from backend.leaving import erase_member
from backend.moderation import declare_conflict
from backend.outside import file_of_member, stored_files
from backend.verification import (
    Booking,
    VerificationEvidence,
    VerificationTask,
    VerificationUse,
    close_task,
    decide_evidence,
    issue_site_codes,
    link_to_receipt,
    open_receipt,
    purge_receipts,
    show_booking,
    vouch,
)
from backend.verification.thresholds import EVIDENCE_PER_TASK, LARGEST_RECEIPT
from backend.web import verifying_members
from tenants.scope import agency_scope


async def test_a_guest_with_a_booking_is_verified_at_once_and_the_badge_says_so(
    restaurant: Restaurant, api: httpx.AsyncClient
) -> None:
    await restaurant.book(Booking("AB-1234", "ann@guest.example", "2026-01-01"))
    task, path, badge = await restaurant.invited()
    assert "Really ate there" in (await api.get(path)).text
    assert (await api.get(badge)).json()["isVerified"] is False
    assert (await show(api, path, "booking", reference="AB-1234", contact="bob@guest.example")).status_code == 303
    assert status_of((await api.get(path)).text) == "Thank you. More is needed, or we are still looking."
    assert (await show(api, path, "booking", reference=" ab 1234 ", contact="Ann@Guest.example")).status_code == 303
    assert status_of((await api.get(path)).text).startswith("This is verified, until ")
    kept = await restaurant.task(task)
    assert kept.verified_at is not None
    assert kept.valid_until == kept.verified_at + timedelta(days=30)
    assert [(each.state, each.problem) for each in await restaurant.evidence(task)] == [
        ("refused", "no_match"),
        ("accepted", None),
    ]
    told = (await api.get(badge)).json()
    assert (told["claim"], told["community"], told["isVerified"]) == ("Really ate there", "Main", True)
    assert "guest" not in str(told)
    assert (await show(api, path, "booking", reference="AB-1234", contact="")).status_code == 409


async def test_a_booking_in_the_future_or_of_another_client_is_no_match(
    acme: Cast, restaurant: Restaurant, api: httpx.AsyncClient
) -> None:
    tomorrow = (now() + timedelta(days=1)).date().isoformat()
    await restaurant.book(Booking("TOMORROW", None, tomorrow))
    await (await opened(acme)).book(Booking("ELSEWHERE"))
    task, path, _ = await restaurant.invited()
    for reference in ("TOMORROW", "ELSEWHERE", "", "' or 1=1 --", "\x00"):
        await show(api, path, "booking", reference=reference, contact="")
    assert {each.problem for each in await restaurant.evidence(task)} == {"no_match"}
    assert (await restaurant.task(task)).state == "evidence_received"


async def test_whoever_guesses_has_so_many_tries(restaurant: Restaurant, api: httpx.AsyncClient) -> None:
    await restaurant.book(Booking("RIGHT"))
    _, path, _ = await restaurant.invited()
    token = path.rpartition("/")[2]
    for number in range(EVIDENCE_PER_TASK):
        await show_booking(token, reference=f"WRONG{number}", contact="")
    with pytest.raises(Conflict):
        await show_booking(token, reference="RIGHT", contact="")
    assert "<form" not in (await api.get(path)).text


async def test_a_code_of_the_place_is_good_for_one_guest(restaurant: Restaurant, api: httpx.AsyncClient) -> None:
    async with agency_scope(restaurant.lead):
        [code] = await issue_site_codes(restaurant.lead, restaurant.programme.id, count=1, days=1)
    first, path, _ = await restaurant.invited()
    second, other, _ = await restaurant.invited()
    await show(api, path, "site_code", code=code.lower())
    await show(api, other, "site_code", code=code)
    assert [(await restaurant.task(each)).state for each in (first, second)] == ["verified", "evidence_received"]
    [shown] = await restaurant.evidence(second)
    [theirs] = await restaurant.evidence(first)
    assert (shown.problem, shown.first_use_id) == ("used_before", theirs.id)


async def test_of_many_who_show_the_same_booking_at_once_one_is_verified(restaurant: Restaurant) -> None:
    await restaurant.book(Booking("SHARED"))
    invited = [await restaurant.invited() for _ in range(6)]
    async with asyncio.timeout(20):
        shown = await asyncio.gather(
            *(show_booking(path.rpartition("/")[2], reference="SHARED", contact="") for _, path, _ in invited)
        )
    assert sorted((each.state, each.problem or "") for each in shown) == [
        ("accepted", ""),
        *[("refused", "used_before")] * 5,
    ]
    async with agency_scope(restaurant.system):
        assert await VerificationUse.filter(workspace_id=restaurant.client).count() == 1
        states = [each.state for each in await VerificationTask.filter(workspace_id=restaurant.client)]
        assert sorted(states) == ["evidence_received"] * 5 + ["verified"]
        told = await JournalEntry.filter(workspace_id=restaurant.client, action="verification.used_before")
        assert len(told) == 5


async def test_one_person_in_two_communities_may_show_the_same_twice(
    restaurant: Restaurant, api: httpx.AsyncClient
) -> None:
    await restaurant.book(Booking("MINE"))
    for _ in range(2):
        task, path, _ = await restaurant.invited(await restaurant.guest(identity_key="ann"))
        await show(api, path, "booking", reference="MINE", contact="")
        assert (await restaurant.task(task)).state == "verified"


async def test_a_receipt_is_drawn_anew_and_waits_for_somebody(restaurant: Restaurant, api: httpx.AsyncClient) -> None:
    exif = Image.Exif()
    exif[0x010E] = "the address of Ann"
    data = receipt(format="JPEG", exif=exif) + b"PK\x03\x04 and an archive behind it"
    task, path, _ = await restaurant.invited()
    assert (await upload(api, path, data)).status_code == 303
    assert status_of((await api.get(path)).text).startswith("Thank you. Somebody looks at it")
    [shown] = await restaurant.evidence(task)
    assert (shown.state, shown.content_type, shown.is_strong) == ("waiting", "image/jpeg", False)
    kept = await stored_files().get(
        file_of_member(restaurant.cast.agency_id, restaurant.client, task.member_id, shown.id)
    )
    assert kept is not None
    assert kept.startswith(b"\xff\xd8")
    assert kept.endswith(b"\xff\xd9")
    assert b"Ann" not in kept
    assert b"PK" not in kept

    async with agency_scope(restaurant.lead):
        link = await link_to_receipt(restaurant.lead, shown.id)
    got = await api.get(link.path)
    assert (got.status_code, got.content, got.headers["content-disposition"]) == (
        200,
        kept,
        'attachment; filename="receipt.jpeg"',
    )
    assert got.headers["content-security-policy"].startswith("sandbox")
    async with agency_scope(restaurant.lead):
        await decide_evidence(restaurant.lead, shown.id, is_accepted=True)
    assert (await restaurant.task(task)).state == "evidence_received", "one weak piece is not enough"
    async with agency_scope(restaurant.lead):
        await vouch(restaurant.lead, task.id, note="I served them.")
    assert (await restaurant.task(task)).state == "verified"


async def test_the_same_receipt_is_known_again_whatever_else_is_in_the_file(
    restaurant: Restaurant, api: httpx.AsyncClient
) -> None:
    first, path, _ = await restaurant.invited()
    second, other, _ = await restaurant.invited()
    await upload(api, path, receipt("my dinner"))
    assert (await upload(api, other, receipt("my dinner", compress_level=1) + b"something else")).status_code == 303
    third, last, _ = await restaurant.invited()
    odd = receipt("my dinner", format="WEBP", lossless=True, exif=b"Exif\0\0of a camera that writes what it likes")
    assert (await upload(api, last, odd)).status_code == 303
    for again in (second, third):
        assert [each.problem for each in await restaurant.evidence(again)] == ["used_before"]
    folder = f"{restaurant.cast.agency_id}/members/{restaurant.client}/{second.member_id}"
    assert await stored_files().names(folder) == [], "of what does not count nothing is kept"
    assert [each.state for each in await restaurant.evidence(first)] == ["waiting"]


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.html", "<script>alert(1)</script>")
    return out.getvalue()


PDF = b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"
UNFIT = {
    "nothing": b"",
    "words": b"I did eat there",
    "a page": b"<html><script>alert(1)</script></html>",
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "an archive": zipped(),
    "a moving picture": receipt(format="GIF"),
    "cut off": receipt()[:-100],
    "a PDF that is an archive as well": PDF + zipped(),
    "a PDF that runs something": PDF.replace(b"/Catalog", b"/Catalog /OpenAction <</S /JavaScript /JS (x)>>"),
    "a PDF that writes so otherwise": PDF.replace(
        b"/Catalog", b"/Catalog /#4fpenAction <</S /J#61vaScript /#4AS (x)>>"
    ),
    "a PDF without an end": PDF.replace(b"%%EOF", b""),
    "a page that begins like a PDF": b"%PDF-1.4 <script>alert(1)</script>",
}


@pytest.mark.parametrize("name", UNFIT)
async def test_a_file_that_is_no_receipt_is_refused_and_nothing_is_kept(
    restaurant: Restaurant, api: httpx.AsyncClient, name: str
) -> None:
    task, path, _ = await restaurant.invited()
    answer = await upload(api, path, UNFIT[name], name='../../x"; filename="r.jpg')
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert await restaurant.evidence(task) == []
    assert await stored_files().names(f"{restaurant.cast.agency_id}/members/{restaurant.client}") == []


async def test_a_form_that_is_no_form_is_refused(restaurant: Restaurant, api: httpx.AsyncClient) -> None:
    task, path, _ = await restaurant.invited()
    here = {"Sec-Fetch-Site": "same-origin"}
    whole = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n%b\r\n--x--\r\n'
    part = whole.partition(b"\r\n--x--")[0] % receipt()
    bodies = {
        "too large": whole % (b"\x89PNG" + b"\x00" * (LARGEST_RECEIPT + 20_000)),
        "without an end": part,
        "two files": part + b"\r\n" + part + b"\r\n--x--\r\n",
        "no file": b"--x--\r\n",
        "many parts": (part[:80] + b"\r\n") * 40 + b"--x--\r\n",
    }
    for name, body in bodies.items():
        headers = {**here, "Content-Type": "multipart/form-data; boundary=x"}
        assert (await api.post(path, content=body, headers=headers)).status_code == 400, name
    for content_type in ("multipart/form-data", f"multipart/form-data; boundary={'y' * 200}"):
        answer = await api.post(path, content=part, headers={**here, "Content-Type": content_type})
        assert answer.status_code == 400
    assert (await show(api, path, "moderator", note="trust me")).status_code == 400
    from_elsewhere = await api.post(path, data={"kind": "booking"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert from_elsewhere.status_code == 403
    assert await restaurant.evidence(task) == []


async def test_headings_that_break_parsers_are_refused_at_once(restaurant: Restaurant, api: httpx.AsyncClient) -> None:
    _, path, _ = await restaurant.invited()
    bodies = {
        "deep": b"--x\r\nContent-Disposition: form-data; " + b"(" * 9_000 + b"\r\n\r\nx\r\n--x--\r\n",
        "broken": b"--x\r\nContent-Disposition: ],;\t\taa*\r\n\r\nx\r\n--x--\r\n",
        "long": b"--x\r\nContent-Disposition: form-data" + b";" * 4_000_000 + b"\r\n\r\nx\r\n--x--\r\n",
    }
    kinds = dict.fromkeys(bodies, "boundary=x") | {
        "euro": "boundary*=utf-8''%E2%82%AC",
        "cut": "boundary*0=a; boundary*1*=%E2",
    }
    for name, said in kinds.items():
        headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": f"multipart/form-data; {said}"}
        async with asyncio.timeout(5):
            answer = await api.post(path, content=bodies.get(name, b"x"), headers=headers)
        assert answer.status_code == 400, name


async def test_what_is_too_large_is_not_read_to_its_end(restaurant: Restaurant, api: httpx.AsyncClient) -> None:
    _, path, _ = await restaurant.invited()
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 40:
            sent += 1
            yield b"x" * (1 << 20)

    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "multipart/form-data; boundary=x"}
    assert (await api.post(path, content=endless(), headers=headers)).status_code == 400
    assert sent < 12


async def test_what_opens_nothing_looks_the_same_whyever(
    restaurant: Restaurant, acme: Cast, api: httpx.AsyncClient
) -> None:
    task, path, badge = await restaurant.invited()
    token, public = path.rpartition("/")[2], badge.rpartition("/")[2]
    nothing = (await api.get("/verify/x")).content
    for wrong in (f"/verify/{public}", f"/verify/{token}A", f"/verify/{token[:-1]}", f"/verify/{task.id}"):
        for answer in (await api.get(wrong), await show(api, wrong, "booking", reference="x", contact="")):
            assert (answer.status_code, answer.content) == (404, nothing)
    assert (await api.get(f"/badge/{token}")).status_code == 404
    assert (await api.get(f"/statement/{token}")).status_code == 404
    assert (await api.get("/receipts/x")).status_code == 404
    async with agency_scope(acme.owner):
        await erase_member(acme.owner, task.member_id, grounds="They asked.")
    await acme.run_jobs("erase_member")
    assert (await api.get(path)).content == nothing
    assert (await api.get(badge)).status_code == 404


async def test_the_page_speaks_german_and_needs_no_script(restaurant: Restaurant, api: httpx.AsyncClient) -> None:
    async with agency_scope(restaurant.lead):
        await set_language(restaurant.lead, restaurant.programme.community_id, language="de")
    _, path, _ = await restaurant.invited()
    shown = await api.get(path)
    assert '<html lang="de">' in shown.text
    assert "Nummer Ihrer Buchung" in shown.text
    assert "<script" not in shown.text
    assert "script" not in shown.headers["content-security-policy"]
    assert set(verifying_members._WORDS["en"]) == set(verifying_members._WORDS["de"])


async def test_a_mailbox_is_proven_with_a_code_that_is_kept_nowhere(
    restaurant: Restaurant, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails: list[Any] = []

    async def noted(mail: Any) -> None:
        mails.append(mail)

    monkeypatch.setattr(verifying_members, "send_mail", noted)
    task, path, _ = await restaurant.invited()
    assert (await show(api, path, "mail_domain", address="ann@evil.example")).status_code == 400
    assert (await show(api, path, "mail_domain", address="ann@guild.example.evil.example")).status_code == 400
    assert (await show(api, path, "mail_domain", address="ann@x, eve@guild.example")).status_code == 400
    assert mails == []
    assert (await show(api, path, "mail_domain", address="Ann@Kitchen.Guild.example")).status_code == 303
    [mail] = mails
    assert mail.to == "ann@kitchen.guild.example"
    code = "".join(sign for sign in mail.text if sign.isdigit())
    for wrong in ("000000" if code != "000000" else "000001",) * 4:
        await show(api, path, "mailed_code", code=wrong)
    await show(api, path, "mailed_code", code=code)
    [shown] = await restaurant.evidence(task)
    assert (shown.state, shown.tries, shown.is_strong) == ("accepted", 5, False)
    assert "ann@" not in repr(shown.__dict__)
    other, there, _ = await restaurant.invited()
    await show(api, there, "mail_domain", address="ann@kitchen.guild.example")
    await show(api, there, "mailed_code", code="".join(sign for sign in mails[-1].text if sign.isdigit()))
    assert [each.problem for each in await restaurant.evidence(other)] == ["used_before"]


async def test_five_wrong_codes_end_it(
    restaurant: Restaurant, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails: list[Any] = []

    async def noted(mail: Any) -> None:
        mails.append(mail)

    monkeypatch.setattr(verifying_members, "send_mail", noted)
    task, path, _ = await restaurant.invited()
    await show(api, path, "mail_domain", address="eve@guild.example")
    code = "".join(sign for sign in mails[0].text if sign.isdigit())
    for _ in range(5):
        await show(api, path, "mailed_code", code="x")
    assert (await show(api, path, "mailed_code", code=code)).status_code == 409
    assert [(each.state, each.problem) for each in await restaurant.evidence(task)] == [("refused", "no_match")]


async def test_nobody_verifies_their_own_and_two_never_decide_the_same(
    restaurant: Restaurant, api: httpx.AsyncClient
) -> None:
    task, path, _ = await restaurant.invited()
    await upload(api, path, receipt("conflict"))
    [shown] = await restaurant.evidence(task)
    close = restaurant.cast.colleague.narrowed_to(restaurant.client)
    async with agency_scope(close):
        await declare_conflict(close, restaurant.client, member_id=task.member_id, reason="my sister")
    for refused in (
        lambda: decide_evidence(close, shown.id, is_accepted=True),
        lambda: vouch(close, task.id, note="x"),
        lambda: close_task(close, task.id, outcome="not_verified", grounds="x"),
        lambda: link_to_receipt(close, shown.id),
    ):
        with pytest.raises(Conflict):
            async with agency_scope(close):
                await refused()

    async def decide(is_accepted: bool) -> str:
        try:
            async with agency_scope(restaurant.lead):
                await decide_evidence(restaurant.lead, shown.id, is_accepted=is_accepted)
        except Conflict:
            return "too late"
        return "accepted" if is_accepted else "refused"

    async with asyncio.timeout(20):
        said = await asyncio.gather(*(decide(number % 2 == 0) for number in range(6)))
    assert said.count("too late") == 5
    [kept] = await restaurant.evidence(task)
    assert kept.state in said


async def test_a_receipt_really_goes_days_after_the_verdict_and_its_hash_stays(
    restaurant: Restaurant, api: httpx.AsyncClient
) -> None:
    fresh, old, held = [await restaurant.invited() for _ in range(3)]
    for number, (_, path, _) in enumerate((fresh, old, held)):
        await upload(api, path, receipt(f"purge {number}"))
    evidence = [(await restaurant.evidence(task))[0] for task, _, _ in (fresh, old, held)]
    async with agency_scope(restaurant.lead):
        for each in evidence:
            await decide_evidence(restaurant.lead, each.id, is_accepted=each is not evidence[0])
        link = await link_to_receipt(restaurant.lead, evidence[1].id)
    async with agency_scope(restaurant.cast.owner):
        hold = await place_hold(
            restaurant.cast.owner, restaurant.client, member_id=held[0].member_id, reason="a dispute"
        )
    async with agency_scope(restaurant.system):
        for each in evidence[1:]:
            await VerificationEvidence.filter(id=each.id).update(decided_at=now() - timedelta(days=8))
        await purge_receipts(restaurant.system, {})
    folder = f"{restaurant.cast.agency_id}/members/{restaurant.client}"
    left = {path.rpartition("/")[2] for path in await stored_files().names(folder)}
    assert left == {str(evidence[0].id), str(evidence[2].id)}
    [gone] = await restaurant.evidence(old[0])
    assert (gone.purged_at is not None, gone.sha256, gone.state) == (True, evidence[1].sha256, "accepted")
    assert await open_receipt(link.path.rpartition("/")[2]) is None
    async with agency_scope(restaurant.cast.owner):
        await lift_hold(restaurant.cast.owner, hold, grounds="over")
    async with agency_scope(restaurant.system):
        await purge_receipts(restaurant.system, {})
    assert [path.rpartition("/")[2] for path in await stored_files().names(folder)] == [str(evidence[0].id)]


async def test_a_forgotten_guest_leaves_no_file_and_nobody_else_can_use_what_they_showed(
    restaurant: Restaurant, api: httpx.AsyncClient
) -> None:
    task, path, _ = await restaurant.invited()
    await upload(api, path, receipt("forgotten"))
    owner = restaurant.cast.owner
    async with agency_scope(owner):
        await erase_member(owner, task.member_id, grounds="They asked.")
    await restaurant.cast.run_jobs("erase_member")
    assert await stored_files().names(f"{restaurant.cast.agency_id}/members/{restaurant.client}") == []
    other, there, _ = await restaurant.invited()
    await upload(api, there, receipt("forgotten"))
    assert [each.problem for each in await restaurant.evidence(other)] == ["used_before"]


async def test_a_verification_is_taken_back_when_it_was_wrong(restaurant: Restaurant, api: httpx.AsyncClient) -> None:
    await restaurant.book(Booking("WRONGLY"))
    task, path, badge = await restaurant.invited()
    await show(api, path, "booking", reference="WRONGLY", contact="")
    async with agency_scope(restaurant.lead):
        with pytest.raises(Conflict):
            await close_task(restaurant.lead, task.id, outcome="unverifiable", grounds="x")
        await close_task(restaurant.lead, task.id, outcome="not_verified", grounds="The booking was sold.")
    assert (await api.get(badge)).json()["isVerified"] is False
    assert status_of((await api.get(path)).text) == "We found that this is not so."
