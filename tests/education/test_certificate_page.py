"""The page that anybody may ask whether a certificate is real; and the badge behind it. Attacked."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest
from cast import Cast, ask
from education.conftest import School
from education.test_learning import a_course, take

from backend.communities import Member
from backend.education import (
    BadgeKey,
    Course,
    MemberCertificate,
    certificate_behind,
    revoke_member_certificate,
    rotate_badge_key,
    share_certificate,
)
from backend.kit.clock import now
from backend.kit.errors import NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.outside import public_address
from tenants.models import Agency
from tenants.scope import agency_scope


async def certified(school: School) -> tuple[UUID, UUID]:
    """A member and their certificate."""
    course, items = await a_course(school, lessons=1, certificate_kind="power_user")
    member = await school.member()
    await take(school, course, items, member_id=member)
    async with agency_scope(school.system):
        return member, (await MemberCertificate.get(workspace_id=school.client)).id


async def shared(school: School, certificate_id: UUID, *, shows_name: bool = False) -> str:
    async with agency_scope(school.educator):
        url = await share_certificate(school.educator, member_certificate_id=certificate_id, shows_name=shows_name)
    return url[url.index("/certificate/") :]


async def test_the_page_says_what_is_so_now_and_names_nobody_who_did_not_allow_it(
    school: School, api: httpx.AsyncClient
) -> None:
    member, certificate_id = await certified(school)
    path = await shared(school, certificate_id)
    async with agency_scope(school.system):
        handle = (await Member.get(id=member)).handle
    page = await api.get(path)
    assert page.status_code == 200
    assert "is valid until" in page.text
    assert "power_user" in page.text
    assert handle not in page.text
    assert str(member) not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert await shared(school, certificate_id, shows_name=True) == path
    german = await api.get(path, headers={"Accept-Language": "fr, de-AT;q=0.9, en;q=0.8"})
    assert "ist gültig bis" in german.text
    assert 'lang="de"' in german.text
    assert handle in german.text
    async with agency_scope(school.system):
        await MemberCertificate.filter(id=certificate_id).update(valid_until=now() - timedelta(seconds=1))
    assert "is not valid now" in (await api.get(path)).text
    async with agency_scope(school.reviewer):
        await revoke_member_certificate(school.reviewer, certificate_id)
    assert "was revoked" in (await api.get(path)).text
    assert (await api.get(f"{path}/badge")).status_code == 410


async def badge(api: httpx.AsyncClient, path: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Header and payload of the badge, checked with the key that its `kid` leads to, by another library than signs."""
    response = await api.get(f"{path}/badge")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    header = jwt.get_unverified_header(response.text)
    key = await api.get(header["kid"].removeprefix(public_address()))
    assert key.headers["Content-Type"] == "application/jwk+json"
    assert set(key.json()) == {"kty", "n", "e"}  # nothing of the private half
    payload = jwt.decode(response.text, jwt.PyJWK(key.json(), "RS256"), algorithms=["RS256"])
    return header, payload, response.text


async def test_the_badge_is_what_open_badges_3_wants_and_has_a_name_only_where_it_is_allowed(
    school: School, api: httpx.AsyncClient
) -> None:
    _, certificate_id = await certified(school)
    path = await shared(school, certificate_id)
    url = f"{public_address()}{path}"
    header, payload, text = await badge(api, path)
    issuer = f"{public_address()}/issuers/{school.cast.agency_id}"
    assert (header["alg"], header["typ"]) == ("RS256", "JWT")
    assert header["kid"].startswith(f"{issuer}/keys/")
    # Required by 1EdTech's JSON schema: of the credential, the issuer, the subject, the achievement.
    assert {"@context", "id", "type", "issuer", "validFrom", "credentialSubject"} <= set(payload)
    assert payload["@context"][:2] == [
        "https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    ]  # fmt: skip
    assert payload["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert payload["issuer"] == {"id": issuer, "type": ["Profile"], "name": "Acme"}
    subject = payload["credentialSubject"]
    assert (subject["type"], subject["id"]) == (["AchievementSubject"], f"{url}#holder")  # an id, or an identifier
    assert {key: subject["achievement"][key] for key in ("type", "name", "description")} == {
        "type": ["Achievement"], "name": "basics", "description": "power_user",
    }  # fmt: skip
    assert {"id", "criteria"} <= set(subject["achievement"])
    assert "identifier" not in subject
    # What the claims of a JWT say is what the credential says.
    assert (payload["id"], payload["iss"], payload["sub"]) == (f"{url}/badge", issuer, subject["id"])
    assert payload["jti"] == payload["id"]
    for claim, named in (("nbf", "validFrom"), ("exp", "validUntil")):
        assert payload[claim] == int(datetime.fromisoformat(payload[named]).timestamp())
    await shared(school, certificate_id, shows_name=True)
    assert (await badge(api, path))[1]["credentialSubject"]["identifier"][0]["identityType"] == "name"
    head, body, signature = text.split(".")
    with pytest.raises(jwt.InvalidSignatureError):
        key = await api.get(header["kid"].removeprefix(public_address()))
        jwt.decode(f"{head}.{body[:-2]}AA.{signature}", jwt.PyJWK(key.json(), "RS256"), algorithms=["RS256"])
    profile = await api.get(issuer.removeprefix(public_address()))
    assert (profile.json()["id"], profile.json()["name"]) == (issuer, "Acme")


async def test_a_badge_says_where_to_ask_whether_it_was_revoked(school: School, api: httpx.AsyncClient) -> None:
    _, certificate_id = await certified(school)
    path = await shared(school, certificate_id)
    _, payload, _ = await badge(api, path)
    assert payload["credentialStatus"] == {
        "id": f"{public_address()}{path}/status", "type": "1EdTechRevocationList",
    }  # fmt: skip
    for revoked in ([], [{"id": payload["id"], "revoked": True}]):
        answer = (await api.get(f"{path}/status")).json()
        assert answer == {
            "id": payload["credentialStatus"]["id"], "issuer": payload["iss"], "revokedCredentials": revoked,
        }  # fmt: skip
        if not revoked:
            async with agency_scope(school.reviewer):
                await revoke_member_certificate(school.reviewer, certificate_id)


async def test_a_new_key_signs_and_what_the_old_one_signed_can_be_checked(
    school: School, api: httpx.AsyncClient
) -> None:
    _, certificate_id = await certified(school)
    path, owner = await shared(school, certificate_id), school.cast.owner
    header, _, old = await badge(api, path)
    for refused in (school.educator, owner.narrowed_to(school.client)):
        with pytest.raises(NotAllowed):
            async with agency_scope(refused):
                await rotate_badge_key(refused, grounds="x")
    async with agency_scope(owner):
        made = await rotate_badge_key(owner, grounds="once a year")
        before = await BadgeKey.get(id=UUID(header["kid"].rpartition("/")[2]))
    assert before.retired_at is not None
    assert before.private_key is None
    assert (await badge(api, path))[0]["kid"].endswith(str(made.id))
    key = await api.get(header["kid"].removeprefix(public_address()))
    jwt.decode(old, jwt.PyJWK(key.json(), "RS256"), algorithms=["RS256"])


async def test_keys_and_issuers_of_nobody_are_not_there(school: School, api: httpx.AsyncClient, globex: Cast) -> None:
    _, certificate_id = await certified(school)
    header, payload, _ = await badge(api, await shared(school, certificate_id))
    key_id = header["kid"].rpartition("/")[2]
    for path in (
        f"/issuers/{globex.agency_id}/keys/{key_id}", f"/issuers/{new_id()}/keys/{key_id}", f"/issuers/{new_id()}",
        f"/issuers/{school.cast.agency_id}/keys/{new_id()}", "/issuers/acme", "/issuers/%00/keys/x",
        f"/issuers/{school.cast.agency_id}".upper().replace("/ISSUERS", "/issuers"),
    ):  # fmt: skip
        answer = await api.get(path)
        assert (answer.status_code, answer.json()) == (404, {"error": "not_found"}), path
    assert payload["iss"].endswith(str(school.cast.agency_id))


async def test_a_code_cannot_be_guessed_and_what_is_not_shared_has_no_page(
    school: School, api: httpx.AsyncClient
) -> None:
    _, certificate_id = await certified(school)
    path = await shared(school, certificate_id)
    code = path.rpartition("/")[2]
    assert len(code) >= 43  # 32 bytes
    flipped = code[:-5] + ("A" if code[-5] != "A" else "B") + code[-4:]
    for wrong in (str(certificate_id), f"membercertificate_{certificate_id}", code[:-1], flipped, code.swapcase(), "%00",
                  "..%2f..%2fetc", "x" * 5_000, "'or'1'='1"):  # fmt: skip
        for behind in ("", "/badge", "/status"):
            answer = await api.get(f"/certificate/{wrong}{behind}")
            assert answer.status_code == 404, wrong
    assert await certificate_behind(code) is not None
    assert (await api.post(path)).status_code == 405


async def test_names_that_want_to_be_code_are_words(school: School, api: httpx.AsyncClient) -> None:
    member, certificate_id = await certified(school)
    attack = '"><script>alert(1)</script>'
    async with agency_scope(school.cast.system):
        await Member.filter(id=member, workspace_id=school.client).update(handle=attack)
        await Course.filter(workspace_id=school.client).update(title=f"{attack}{{{{7*7}}}}")
        agency = await Agency.get(id=school.cast.agency_id)
    path = await shared(school, certificate_id, shows_name=True)
    page = await api.get(path)
    assert "<script" not in page.text
    assert page.text.count("&lt;script&gt;") == 2
    assert "{{7*7}}" in page.text
    assert agency.name in page.text


async def test_a_forgotten_member_has_no_name_there(school: School, api: httpx.AsyncClient) -> None:
    member, certificate_id = await certified(school)
    path = await shared(school, certificate_id, shows_name=True)
    async with agency_scope(school.system):
        await Member.filter(id=member, workspace_id=school.client).update(handle="erased", erased_at=now())
    assert "erased" not in (await api.get(path)).text


async def test_a_colleague_shares_their_own_alone(school: School, api: httpx.AsyncClient) -> None:
    course, items = await a_course(school, lessons=1, certificate_kind="crisis")
    await take(school, course, items)
    answer = await ask(
        api,
        school.token("educator"),
        "query($i: ID!) { node(id: $i) { ... on Staff { certificates(first: 1) { nodes { id } } } } }",
        i=f"staff_{school.educator.membership_id}",
    )
    [certificate] = answer["data"]["node"]["certificates"]["nodes"]
    share = """mutation($i: ShareCertificateInput!) { shareCertificate(input: $i) { url userErrors { code path } } }"""
    given = {"certificateId": certificate["id"], "showsName": True}
    mine = await ask(api, school.token("educator"), share, i=given)
    path = mine["data"]["shareCertificate"]["url"].removeprefix(public_address())
    assert "educator" in (await api.get(path[path.index("/certificate/") :])).text
    theirs = await ask(api, school.token("reviewer"), share, i=given)
    assert theirs["data"]["shareCertificate"] == {
        "url": None, "userErrors": [{"code": "NOT_FOUND", "path": ["input", "certificateId"]}],
    }  # fmt: skip
    for named in ({"certificate_id": new_id()}, {"member_certificate_id": new_id()}):
        with pytest.raises(NotFound):
            async with agency_scope(school.educator):
                await share_certificate(school.educator, shows_name=True, **named)
