"""Pictures in what is taught: sent by a link, named in Markdown, seen by readers as long as they have the text."""

import io
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from education.conftest import School
from PIL import Image, PngImagePlugin

from backend.education import (
    ContentPicture,
    ContentVersion,
    Words,
    add_picture,
    archive_content,
    copy_content,
    delete_picture,
    draft_content,
    follow_content,
    link_to_picture,
    purge_pictures,
    restore_content,
    rewrite_draft,
)
from backend.evidence import lift_hold, place_hold
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.outside import public_address, stored_files
from tenants.scope import agency_scope


def png(colour: str = "red", size: tuple[int, int] = (30, 20), mode: str = "RGB") -> bytes:
    out, info = io.BytesIO(), PngImagePlugin.PngInfo()
    info.add_text("Comment", "taken at 52.5 north")
    Image.new(mode, size, colour).save(out, "PNG", pnginfo=info)
    return out.getvalue()


async def sent(school: School, api: httpx.AsyncClient, data: bytes | None = None) -> UUID:
    async with agency_scope(school.educator):
        upload = await add_picture(school.educator, school.client)
    answer = await api.post(upload.path, content=data or png())
    assert answer.status_code == 201, answer.text
    assert answer.json()["id"] == f"picture_{upload.picture_id}"
    return upload.picture_id


async def row_of(school: School, picture_id: UUID) -> ContentPicture:
    async with agency_scope(school.cast.system):
        return await ContentPicture.get(id=picture_id)


async def seen(school: School, api: httpx.AsyncClient, picture_id: UUID) -> int:
    """As a reader who has its address."""
    return (await api.get(f"/pictures/{(await row_of(school, picture_id)).code}")).status_code


async def test_a_picture_is_kept_as_what_is_seen_of_it(school: School, api: httpx.AsyncClient) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "taken at home"
    out = io.BytesIO()
    Image.new("RGB", (3_000, 1_000), "blue").save(out, "JPEG", exif=exif, comment=b"taken by me")
    picture_id = await sent(school, api, out.getvalue() + b"<script>alert(1)</script>")
    row = await row_of(school, picture_id)
    assert (row.content_type, row.width, row.height) == ("image/jpeg", 800, 2_400)  # upright
    kept = await stored_files().get(f"{school.cast.agency_id}/{school.client}/pictures/{picture_id}")
    assert kept is not None
    assert not Image.open(io.BytesIO(kept)).getexif()
    for hidden in (b"taken", b"script", b"Exif"):
        assert hidden not in kept
    phone = io.BytesIO()
    Image.new("RGB", (40, 30)).save(phone, "MPO", save_all=True, append_images=[Image.new("RGB", (20, 15), "red")])
    assert (
        await row_of(school, await sent(school, api, phone.getvalue()))
    ).width == 40  # what phones add to a photograph
    clear = await sent(school, api, png("#ff000080", mode="RGBA"))
    kept = await stored_files().get(f"{school.cast.agency_id}/{school.client}/pictures/{clear}")
    assert kept is not None
    assert b"north" not in kept
    assert Image.open(io.BytesIO(kept)).getpixel((0, 0)) == (255, 0, 0, 128)


async def test_what_is_no_still_picture_is_refused_and_its_link_is_still_open(
    school: School, api: httpx.AsyncClient
) -> None:
    moving = io.BytesIO()
    Image.new("RGB", (2, 2)).save(moving, "GIF", save_all=True, append_images=[Image.new("RGB", (2, 2), "red")])
    async with agency_scope(school.educator):
        upload = await add_picture(school.educator, school.client)
    for data, says in (
        (b"", "at most 8 MB"),
        (b"\x89PNG\r\n\x1a\n" + bytes(8 << 20), "at most 8 MB"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "Only pictures"),
        (b"<html><script>alert(1)</script>", "Only pictures"),
        (b"%PDF-1.7 %%EOF", "Only pictures"),
        (png()[:40], "damaged"),
        (moving.getvalue(), "moves"),
    ):
        answer = await api.post(upload.path, content=data)
        assert answer.status_code == 400
        assert says in answer.json()["error"]["message"]
    form = await api.post(upload.path, files={"file": ("x.png", png(), "text/html")})
    assert form.status_code == 201
    assert (await api.post(upload.path, content=png())).status_code == 404  # once
    for wrong in ("x", upload.path.rpartition("/")[2][:-1], "%00"):
        assert (await api.post(f"/pictures/upload/{wrong}", content=png())).status_code == 404


async def test_a_text_names_pictures_of_its_client_with_words_or_says_in_which_line_not(
    school: School, api: httpx.AsyncClient, globex: Cast
) -> None:
    picture_id = await sent(school, api)
    async with agency_scope(school.educator):
        waiting = (await add_picture(school.educator, school.client)).picture_id
    async with agency_scope(globex.system):
        theirs = (await ContentPicture.create(
            workspace_id=globex.workspaces["forum"], code="x", content_type="image/png", width=1, height=1, byte_count=1,
            sha256="0" * 64, uploaded_at=now(),
        )).id  # fmt: skip
    said = {}
    for name, id in {"theirs": theirs, "nobody's": new_id(), "waiting": waiting, "malformed": "x"}.items():
        with pytest.raises(Invalid) as refusal:
            await school.draft(f"One\n\n![a](picture_{picture_id})\n![b](picture_{id})")
        said[name] = (refusal.value.message, refusal.value.path)
    assert set(said.values()) == {
        ("Line 4: there is no such picture, or its file has not come.", ("input", "content", "text"))
    }
    for blank in ("", " ", "\u200b", "&#8203;&nbsp;"):
        with pytest.raises(Invalid, match=r"^Lines 1, 3: a picture needs words"):
            await school.draft(f"![{blank}](picture_{picture_id})\n\nx ![]( https://a.example/b.png )")
    _, draft_id = await school.draft("![a](https://a.example/b.png)")
    async with agency_scope(school.educator):
        with pytest.raises(Invalid, match="Line 1"):
            await rewrite_draft(
                school.educator, draft_id, expected_version=1, words=Words("x", f"![b](picture_{theirs})")
            )


READ = (
    """query($i: ID!) { readContent(itemId: $i) { html } node(id: $i) { ... on ContentItem { current { html } } } }"""
)


async def test_readers_see_a_picture_as_long_as_they_have_the_text_it_stands_in(
    school: School, api: httpx.AsyncClient
) -> None:
    picture_id = await sent(school, api)
    item_id, draft_id = await school.draft(f'![a "red" <b>](picture_{picture_id}) `<img src="/pictures/`')
    assert await seen(school, api, picture_id) == 404  # a draft is not for readers
    version = await school.publish(draft_id)
    code = (await row_of(school, picture_id)).code
    answer = await ask(api, school.token("educator"), READ, i=f"content_{item_id}")
    html = answer["data"]["readContent"]["html"]
    assert answer["data"]["node"]["current"]["html"] == html
    assert html == (
        f'<p><img src="{public_address()}/pictures/{code}" alt="a &quot;red&quot; &lt;b&gt;" width="30" height="20" loading="lazy"> '
        '<code>&lt;img src="/pictures/</code></p>\n'
    )
    assert str(picture_id) not in " ".join(version.words)
    shown = await api.get(f"/pictures/{code}")
    assert (shown.status_code, shown.headers["Content-Type"], shown.headers["Cache-Control"]) == (
        200, "image/png", "private, max-age=300",
    )  # fmt: skip
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert Image.open(io.BytesIO(shown.content)).size == (30, 20)
    again = await api.get(f"/pictures/{code}", headers={"If-None-Match": shown.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    for wrong in (str(picture_id), f"picture_{picture_id}", code[:-1], code.swapcase(), "..%2f..", "%00"):
        assert (await api.get(f"/pictures/{wrong}")).status_code == 404
    async with agency_scope(school.reviewer):
        await archive_content(school.reviewer, item_id)
    assert await seen(school, api, picture_id) == 404
    async with agency_scope(school.reviewer):
        await restore_content(school.reviewer, item_id)
    assert await seen(school, api, picture_id) == 200
    async with agency_scope(school.educator):
        without = await draft_content(school.educator, item_id, language="en", words=Words("x", "None."))
    await school.publish(without.id)
    assert await seen(school, api, picture_id) == 404  # what readers had before is theirs no more


async def test_whoever_writes_sees_a_draft_with_its_pictures_for_ten_minutes(
    school: School, api: httpx.AsyncClient, globex: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture_id = await sent(school, api)
    _, draft_id = await school.draft(f"# One\n\n![a](picture_{picture_id})")
    preview = "query($i: ID!) { previewDraft(draftId: $i) { html contents wordCount readingSeconds } }"
    shown = (await ask(api, school.token("educator"), preview, i=f"contentdraft_{draft_id}"))["data"]["previewDraft"]
    url = shown["html"].partition('src="')[2].partition('"')[0]
    assert shown["html"].startswith(f'<h2 id="section-one">One</h2>\n<p><img src="{public_address()}/pictures/link/')
    assert shown["contents"] == [{"level": 2, "title": "One", "anchor": "section-one"}]
    assert (shown["wordCount"], shown["readingSeconds"]) == (2, 1)
    link = (
        """mutation($i: LinkToPictureInput!) { linkToPicture(input: $i) { url expiresAt userErrors { code path } } }"""
    )
    asked = await ask(api, school.token("educator"), link, i={"pictureId": f"picture_{picture_id}"})
    for address in (url, asked["data"]["linkToPicture"]["url"]):
        found = await api.get(address.removeprefix(public_address()))
        assert (found.status_code, found.headers["Cache-Control"]) == (200, "no-store")
    theirs = await ask(api, globex.tokens["owner"], preview, i=f"contentdraft_{draft_id}")
    assert theirs == await ask(api, globex.tokens["owner"], preview, i=f"contentdraft_{new_id()}")
    monkeypatch.setattr("backend.outside.wrapping.now", lambda: now() + timedelta(seconds=601))
    assert (await api.get(url.removeprefix(public_address()))).status_code == 404


async def test_another_client_has_copies_of_the_pictures_and_nothing_of_the_first(
    school: School, api: httpx.AsyncClient, acme: Cast
) -> None:
    other, owner = await acme.empty_workspace(), acme.owner
    picture_id = await sent(school, api)
    item, _ = await school.published(f"![a](picture_{picture_id})")
    async with agency_scope(owner):
        follower = await follow_content(owner, item.id, workspace_id=other)
        _, draft = await copy_content(owner, item.id, workspace_id=other, slug="the-copy")
    async with agency_scope(acme.system):
        [copied] = await ContentPicture.filter(workspace_id=other)  # one for both
        version = await ContentVersion.get(item_id=follower.id)
    original = await row_of(school, picture_id)
    assert (draft.text, draft.pictures) == (f"![a](picture_{copied.id})", [str(copied.id)])
    assert (version.text, version.pictures) == (draft.text, draft.pictures)
    assert f"/pictures/{copied.code}" in version.html
    assert original.code not in version.html
    assert copied.sha256 == original.sha256
    async with agency_scope(school.reviewer):
        await archive_content(school.reviewer, item.id)
    assert await seen(school, api, picture_id) == 404
    assert await seen(school, api, copied.id) == 200


async def test_a_picture_goes_when_nobody_has_use_for_it(school: School, api: httpx.AsyncClient) -> None:
    picture_id = await sent(school, api)
    item, _ = await school.published(f"![a](picture_{picture_id})")
    reviewer = school.reviewer
    with pytest.raises(NotAllowed):
        async with agency_scope(school.cast.stakeholder):
            await link_to_picture(school.cast.stakeholder, picture_id)
    for why in ("Readers see it", "A draft names it"):
        async with agency_scope(reviewer):
            with pytest.raises(Conflict, match=why):
                await delete_picture(reviewer, picture_id)
            if why.startswith("Readers"):
                await draft_content(reviewer, item.id, language="en", words=Words("x", f"![a](picture_{picture_id})"))
                await archive_content(reviewer, item.id)
    spare = await sent(school, api, png("green"))
    code = (await row_of(school, spare)).code
    async with agency_scope(reviewer):
        await delete_picture(reviewer, spare)
        with pytest.raises(NotFound):
            await delete_picture(reviewer, spare)
    assert await stored_files().get(f"{school.cast.agency_id}/{school.client}/pictures/{spare}") is None
    assert (await api.get(f"/pictures/{code}")).status_code == 404


async def test_a_picture_that_no_text_names_goes_after_thirty_days_unless_the_client_is_on_hold(
    school: School, api: httpx.AsyncClient
) -> None:
    used, unused, young = [await sent(school, api, png(colour)) for colour in ("red", "green", "blue")]
    await school.published(f"![a](picture_{used})")
    long_ago = now() - timedelta(days=31)
    async with agency_scope(school.system):
        await ContentPicture.filter(id__in=[used, unused], workspace_id=school.client).update(uploaded_at=long_ago)
    owner = school.cast.owner
    async with agency_scope(owner):
        hold = await place_hold(owner, school.client, reason="a court asks")
    for there in (3, 2):
        async with agency_scope(school.system):
            await purge_pictures(school.system, {})
            assert await ContentPicture.filter(workspace_id=school.client).count() == there
        if there == 3:
            async with agency_scope(owner):
                await lift_hold(owner, hold, grounds="it does not any more")
    async with agency_scope(school.system):
        assert not await ContentPicture.exists(id=unused)
        assert {used, young} == set(
            await ContentPicture.filter(workspace_id=school.client).values_list("id", flat=True)
        )
