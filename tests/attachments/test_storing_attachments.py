"""Pictures and files of posts become rows, are fetched, looked at, hashed and kept; what is dangerous is refused by name."""

import hashlib
import io
import struct
import zlib
from datetime import timedelta
from typing import Any

import pytest
from attachments.conftest import PICTURES, Keeper, drawn, kept, posted
from cast import Cast
from intake.conftest import connected
from intake.payloads import discourse_post
from PIL import Image

from backend.acting import headers_for, let_tend_act
from backend.evidence import Attachment, EvidenceSnapshot, IncomingAttachment, place_hold, purge_attachments
from backend.intake import store_attachment
from backend.intake.generic import things as site_things
from backend.intake.slack import things as slack_things
from backend.intake.things import Written
from backend.kit.clock import now
from backend.kit.pictures import MOST_PIXELS, Unfit, look_at
from backend.leaving import erase_member
from backend.moderation import claim_next, decide, report_post
from backend.outside import file_of_member, stored_files
from backend.ruling import Known, RuleFiring, bank_hashes, create_hash_bank, make_rule_live, write_rule
from tenants.scope import agency_scope

PUBLISHED = {
    "wee.jpg": ("6227401f601ff4ccafcc9fad4b0d95d371a2eb7265a3285234d228ca94deeb2d", 0),
    "q0004.jpg": ("992d44af36d69e6ca6b812585928bac11def254ef5398c6d07466c9abcc65b92", 0),
    "q0122.jpg": ("cfb2009ddd21c6dab0046a7745b5984757a8a4535b3377aea2591d32b33ff940", 4),
    "q2821.jpg": ("b150231ffae4710ffcf4f18bb574b109a576f14bb8543189f8743289f174b109", 0),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_pdq_is_what_meta_has_published(name: str) -> None:
    """Decoders of JPEG differ by a bit: Meta's own tests allow 16 of 256."""
    published, distance = PUBLISHED[name]
    looked = look_at((PICTURES / name).read_bytes(), declared="image/jpeg")
    assert looked.pdq is not None
    assert (int(looked.pdq, 16) ^ int(published, 16)).bit_count() <= distance


def test_a_picture_that_was_made_smaller_looks_the_same() -> None:
    hashes = [look_at(resized(side), declared=None).pdq or "" for side in (1_400, 700, 128)]
    assert all((int(hashes[0], 16) ^ int(other, 16)).bit_count() <= 10 for other in hashes)


def resized(side: int, format: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.open(PICTURES / "q2821.jpg").resize((side, side), Image.Resampling.BICUBIC).save(out, format)
    return out.getvalue()


def png_of(width: int, height: int, data: bytes = b"") -> bytes:
    """What it says of its size, it need not have."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A picture of one pixel with a hundred megabytes of text in a hundred kilobytes."""
    body = b"Comment\x00\x00" + zlib.compress(b"a" * 100_000_000, 9)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    whole = png_of(1, 1, b"\x00\x00")
    return whole[:33] + chunk + whole[33:]


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
REFUSED = {
    "a bomb": (png_of(60_000, 60_000, b"\x00" * 10_000_000), "image/png", "too_many_pixels"),
    "one line too long": (png_of(1_000_000, 1), "image/png", "too_many_pixels"),
    "a pixel too many": (png_of(8_000, MOST_PIXELS // 8_000 + 1), "image/png", "too_many_pixels"),
    "text that swells": (text_bomb(), "image/png", "broken_picture"),
    "cut off": (drawn()[:-200], "image/png", "broken_picture"),
    "only a beginning": (b"GIF89a", "image/gif", "broken_picture"),
    "a drawing": (SVG, "image/svg+xml", "svg"),
    "a drawing called a picture": (SVG, "image/png", "svg"),
    "a drawing in UTF-16": (SVG.decode().encode("utf-16"), "image/png", "svg"),
    "a page to sign in": (b"<!DOCTYPE html><html>Sign in</html>", "image/png", "web_page"),
    "words called a picture": (b"hello", "image/png", "lying_type"),
    "a picture called a paper": (drawn(), "application/pdf", "lying_type"),
    "a paper called a picture": (b"%PDF-1.7 ...", "image/jpeg", "lying_type"),
    "a paper called words": (b"%PDF-1.7 ...", "text/plain", "lying_type"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_dangerous_is_refused_by_name(name: str) -> None:
    data, declared, code = REFUSED[name]
    with pytest.raises(Unfit) as refused:
        look_at(data, declared=declared)
    assert refused.value.code == code


def test_one_kind_of_picture_for_another_is_a_mistake_and_believed_to_the_bytes() -> None:
    webp = drawn(format="WEBP", lossless=True)
    assert look_at(webp, declared="image/jpeg").content_type == "image/webp"
    assert look_at(webp, declared="application/octet-stream").pdq == look_at(drawn(), declared=None).pdq


async def test_a_picture_is_fetched_hashed_and_kept(acme: Cast, keeper: Keeper) -> None:
    client = await acme.empty_workspace()
    data = drawn()
    moved = keeper.put("moved.png", b"", status=302, location="/a.png")
    keeper.put("a.png", data)
    paper = keeper.put("paper.pdf", b"%PDF-1.7 hello", "application/pdf; charset=binary")
    post = await posted(acme, client, moved, moved, IncomingAttachment(paper, "A paper", "image/png"))
    picture, file = await kept(acme, post)
    looked = look_at(data, declared=None)
    assert (picture.state, picture.content_type, picture.byte_count) == ("stored", "image/png", len(data))
    assert (picture.sha256, picture.md5) == (hashlib.sha256(data).hexdigest(), hashlib.md5(data).hexdigest())
    assert (picture.pdq, picture.pdq_quality) == (looked.pdq, looked.pdq_quality)
    assert (file.state, file.content_type, file.pdq, file.name) == ("stored", "application/pdf", None, "A paper")
    assert await stored_files().get(file_of_member(acme.agency_id, client, post.member_id, picture.id)) == data


async def test_what_cannot_be_had_says_why(acme: Cast, keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.intake.storing.LARGEST_ATTACHMENT", 100_000)
    client = await acme.empty_workspace()
    large = b"\x89PNG\r\n\x1a\n" + b"\x00" * 100_000
    post = await posted(
        acme,
        client,
        keeper.put("large.png", large),
        f"{keeper.origin}/nowhere.png",
        keeper.put("signed-out.png", b"<html>Sign in</html>", "text/html"),
        keeper.put("down.png", b"", status=503),
        keeper.put("circle.png", b"", status=302, location="/circle.png"),
        "https://169.254.169.254/latest/meta-data",
        "/relative.png",
        "http://forum.example/plain.png",
    )
    for _ in range(4):
        await acme.run_jobs("store_attachment", even_later=True, of=[client])
    found = [(each.url.rpartition("/")[2], each.state, each.problem) for each in await kept(acme, post)]
    assert found == [
        ("large.png", "refused", "too_large"),
        ("nowhere.png", "gone", None),
        ("signed-out.png", "refused", "web_page"),
        ("down.png", "refused", "unreachable"),
        ("circle.png", "refused", "unreachable"),
        ("meta-data", "refused", "unreachable"),
    ], "what is no address of a public server is not even kept"
    async with agency_scope(acme.system):
        assert await Attachment.filter(post_id=post.id, state="stored").count() == 0
    folder = f"{acme.agency_id}/members/{client}/"
    assert await stored_files().names(folder) == []


async def test_rules_find_a_picture_as_soon_as_it_is_hashed(acme: Cast, keeper: Keeper) -> None:
    """Exactly, by what it looks like, and where its type is a lie."""
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    lead = acme.owner.narrowed_to(client)
    known, lie = (PICTURES / "q2821.jpg").read_bytes(), b"%PDF-1.7 known"
    async with agency_scope(lead):
        bank = await create_hash_bank(lead, client, name="Known")
        seen = look_at(known, declared=None)
        assert seen.pdq is not None
        hashes = [Known("pdq", seen.pdq, "negative"), Known("sha256", hashlib.sha256(lie).hexdigest(), "negative")]
        await bank_hashes(lead, bank.id, hashes)
        rule = await write_rule(
            lead,
            client,
            name="Known pictures",
            policy_id=acme.policies[f"{slug}:spam"],
            conditions={"media": {"bankId": f"hashbank_{bank.id}"}},
        )
        await make_rule_live(lead, rule.id, expected_version=1, despite="a test")
    smaller = await posted(acme, client, keeper.put("smaller.jpg", resized(96, "JPEG")))
    lying = await posted(acme, client, keeper.put("lie.png", lie))
    await posted(acme, client, keeper.put("other.jpg", (PICTURES / "q0122.jpg").read_bytes()))
    await acme.run_jobs("apply_rules", of=[client])
    async with agency_scope(acme.system):
        firings = await RuleFiring.filter(workspace_id=client)
    assert {each.post_id for each in firings} == {smaller.id, lying.id}


async def test_a_discourse_forum_tells_pictures_by_what_it_shows(acme: Cast, api: Any) -> None:
    site = await connected(acme, api, "discourse")
    told = discourse_post("x")
    told["post"]["cooked"] = (
        '<p><img class="emoji" src="/images/emoji/smile.png"> <img src="//cdn.forum.example/b.png" alt="B">'
        '<a class="lightbox" href="/uploads/a.jpeg" title="A"><img src="/uploads/a_690x388.jpeg"></a>'
        '<a class="attachment" href="/uploads/c.pdf">c.pdf</a><img src="data:image/png;base64,AA"></p>'
    )
    await site.tell(told, event="post_created")
    await site.tell(told | {"post": told["post"] | {"updated_at": "2026-11-25T11:00:00.000Z"}}, event="post_edited")
    found = {(each.url, each.name) for each in await kept(acme, await site.post())}
    assert found == {
        ("https://cdn.forum.example/b.png", "B"),
        ("https://site.example/uploads/a.jpeg", "A"),
        ("https://site.example/uploads/c.pdf", ""),
    }


def test_slack_and_other_sites_name_them() -> None:
    message = {
        "user": "U1",
        "text": "x",
        "ts": "1.1",
        "files": [{"url_private": "https://files.slack.com/a", "name": "a"}, {}],
    }
    [written] = slack_things("message", {"event": {**message, "channel": "C", "event_ts": "1.1"}}, now())
    assert isinstance(written, Written)
    assert written.post.attachments == (IncomingAttachment("https://files.slack.com/a", "a"),)
    post = {
        "id": "1",
        "member": {"id": "m"},
        "text": "x",
        "postedAt": "2026-11-25T11:00:00Z",
        "attachments": [{"url": "https://a.example/a", "contentType": "image/png"}, 7, {"url": 3}],
    }
    [written] = site_things("post.created", {"timestamp": "2026-11-25T11:00:00Z", "data": {"post": post}}, now())
    assert isinstance(written, Written)
    assert written.post.attachments == (IncomingAttachment("https://a.example/a", "", "image/png"),)


async def test_what_was_decided_upon_names_its_pictures(acme: Cast, keeper: Keeper) -> None:
    client = await acme.empty_workspace()
    data = drawn(colour="green")
    post = await posted(acme, client, keeper.put("evidence.png", data))
    owner = acme.owner.narrowed_to(client)
    async with agency_scope(owner):
        await report_post(owner, post.id, reason="x")
        claim = await claim_next(owner, workspace_id=client)
        assert claim is not None
        await decide(owner, claim.case_id, token=claim.token, outcome="no_violation", reason="fine")
        [snapshot] = await EvidenceSnapshot.filter(workspace_id=client)
    assert hashlib.sha256(data).hexdigest() in (snapshot.content or "")


async def test_bytes_go_when_nobody_needs_them_and_hashes_stay(acme: Cast, keeper: Keeper) -> None:
    client = await acme.empty_workspace()
    fine, reported, held = [
        await posted(acme, client, keeper.put(f"{name}.png", drawn(colour=name))) for name in ("pink", "cyan", "gold")
    ]
    owner = acme.owner.narrowed_to(client)
    async with agency_scope(owner):
        await report_post(owner, reported.id, reason="x")
    async with agency_scope(acme.owner):
        await place_hold(acme.owner, client, member_id=held.member_id, reason="a dispute")
    async with agency_scope(acme.system):
        await Attachment.filter(workspace_id=client).update(stored_at=now() - timedelta(days=31))
        await purge_attachments(acme.system, {})
    states = {post.id: (await kept(acme, post))[0] for post in (fine, reported, held)}
    assert [states[post.id].state for post in (fine, reported, held)] == ["gone", "stored", "stored"]
    assert states[fine.id].sha256 is not None
    left = await stored_files().names(f"{acme.agency_id}/members/{client}")
    assert {path.rpartition("/")[2] for path in left} == {str(states[post.id].id) for post in (reported, held)}


async def test_a_file_of_a_forgotten_member_is_gone_and_is_not_fetched_again(acme: Cast, keeper: Keeper) -> None:
    client = await acme.empty_workspace()
    post = await posted(acme, client, keeper.put("mine.png", drawn(colour="grey")))
    [attachment] = await kept(acme, post)
    async with agency_scope(acme.owner):
        await erase_member(acme.owner, post.member_id, grounds="asked")
    await acme.run_jobs("erase_member")
    assert await stored_files().names(f"{acme.agency_id}/members/{client}") == []
    assert await kept(acme, post) == []
    async with agency_scope(acme.system):
        await store_attachment(acme.system, {"attachment_id": str(attachment.id)})
    assert await stored_files().names(f"{acme.agency_id}/members/{client}") == []


async def test_the_token_of_a_platform_is_shown_to_it_alone(acme: Cast, api: Any) -> None:
    site = await connected(acme, api, "slack")
    async with agency_scope(acme.owner):
        await let_tend_act(acme.owner, site.community_id, api_key="xoxp-secret", api_user=None, address=None)
    slug = next(slug for slug, id in acme.workspaces.items() if id == site.workspace_id)
    theirs, other = await acme.post(workspace=slug), await acme.post()
    async with agency_scope(acme.system):
        assert await headers_for("https://files.slack.com/a.png", theirs) == {"Authorization": "Bearer xoxp-secret"}
        assert await headers_for("https://files.slack.com.evil.example/a.png", theirs) == {}
        assert await headers_for("https://files.slack.com/a.png", other) == {}, "of another client"


def test_the_largest_picture_is_hashed_in_its_own_time() -> None:
    out = io.BytesIO()
    Image.new("L", (6_000, 6_000), 128).save(out, "PNG")
    assert look_at(out.getvalue(), declared="image/png").pdq_quality == 0
