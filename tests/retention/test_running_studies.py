"""A study is defined, frozen and run once; what it found never changes, says what it is everywhere, and can be had again."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from cast import Cast
from customers.conftest import Client, day

from backend.communities import import_chat
from backend.customers import (
    CustomerAccount,
    CustomerExposure,
    CustomerSubscription,
    SubscriptionChange,
    record_subscription_change,
)
from backend.kit.errors import Conflict, Invalid, NotAllowed
from backend.outside import stored_files
from backend.retention import (
    Definition,
    InputChanged,
    RetentionStudy,
    StudyResult,
    compare_arms,
    create_study,
    freeze_study,
    give_up_study,
    go_on_with_study,
    reproduce,
    run_study,
)
from backend.retention.gathering import path_of
from tenants.scope import agency_scope

BEGAN = day("2024-01-01")
ASSOCIATION = (
    "An association, not an effect: nobody decided by lot who uses the community, so those who use it may differ in ways "
    "that this study does not know."
)
DEFINITION = Definition(["course_completed"])


@pytest.fixture
async def client(acme: Cast) -> Client:
    id = await acme.empty_workspace()
    return Client(acme, id, next(slug for slug, each in acme.workspaces.items() if each == id))


async def customers_of(client: Client, *, accounts: int = 120, assigned: bool = False) -> None:
    """Every third completed a course on day 20, and half of them leave: of the others more leave, and sooner. Of every twenty one ends from outside."""
    async with agency_scope(client.system):
        made = [
            CustomerAccount(
                workspace_id=client.id, external_id=f"a{n:04}", name=f"Secret {n} Ltd", size=5 if n % 2 else 80,
                assigned_arm=("offered" if n % 2 else "not_offered") if assigned else None,
            )
            for n in range(accounts)
        ]  # fmt: skip
        await CustomerAccount.bulk_create(made)
        subscriptions, exposures = [], []
        for n, account in enumerate(made):
            is_exposed = n % 3 == 0
            leaves = (n % 4 < 2) if is_exposed else (n % 4 > 0)
            ended = BEGAN + timedelta(days=100 + (2 * n if is_exposed else n)) if leaves else None
            subscriptions.append(
                CustomerSubscription(
                    workspace_id=client.id, account_id=account.id, external_id=f"s{n}", plan="pro" if n % 5 else "basic",
                    started_at=BEGAN, ended_at=ended, ending=ended and ("outside" if n % 20 == 1 else "voluntary"),
                )
            )  # fmt: skip
            if is_exposed:
                exposures.append(
                    CustomerExposure(
                        workspace_id=client.id, account_id=account.id, kind="course_completed", source="told",
                        external_id="x", at=BEGAN + timedelta(days=20), is_cancelling=n == 0,
                    )
                )  # fmt: skip
        await CustomerSubscription.bulk_create(subscriptions)
        await CustomerExposure.bulk_create(exposures)


async def frozen(client: Client, definition: Definition = DEFINITION) -> RetentionStudy:
    async with agency_scope(client.lead):
        study = await create_study(client.lead, client.id, name="Courses", definition=definition)
        return await freeze_study(client.lead, study.id)


async def ran(client: Client, study: RetentionStudy) -> tuple[RetentionStudy, StudyResult]:
    async with agency_scope(client.lead):
        await run_study(client.lead, study.id)
    [job] = await client.cast.run_jobs("run_retention_study", of=[client.id])
    assert job.state == "done", job.last_error
    async with agency_scope(client.system):
        return await RetentionStudy.get(id=study.id), await StudyResult.get(study_id=study.id)


async def test_what_is_found_is_told_with_what_it_is_everywhere(client: Client) -> None:
    await customers_of(client)
    study, found = await ran(client, await frozen(client))
    assert (study.state, found.evidence_grade, found.sentence) == ("done", "association", ASSOCIATION)
    first, second = found.result["landmarks"]
    assert (first["landmarkDays"], first["numbers"], first["events"]) == (
        30,
        {"exposed": 40, "unexposed": 80},
        {"exposed": 18, "unexposed": 56},
    )
    assert second["landmarkDays"] == 90
    for each in (first, second):
        assert set(each["curves"]["exposed"][0]) == {"t", "atRisk", "survival", "low", "high"}
        assert each["logRank"]["p"] < 0.05
        assert [one["name"] for one in each["strata"]] == ["activity", "plan", "size", "tenure"]
        assert set(each["sensitivity"]) == {"placebo", "withoutCancelling"}
        assert [one["days"] for one in each["survivalDifference"]] == [182, 365]
        assert each["restrictedMean"]["difference"]["low"] > 0
    assert first["sensitivity"]["withoutCancelling"]["numbers"] == {"exposed": 39, "unexposed": 81}
    assert found.result["naive"]["whyItMisleads"].startswith("Whoever left early had no time")
    assert found.result["personTime"]["rateRatio"]["value"] < 1
    assert found.result["coverage"] == {"accounts": 120, "linked": 0}
    assert (
        "120 of 120 accounts have no contact who is known in the community: what they did there is missing."
        in found.caveats
    )
    # The label is in every form of it.
    rows = list(csv.DictReader(io.StringIO(found.csv)))
    assert {row["evidence_grade"] for row in rows} == {"ASSOCIATION"}
    assert all(row["sentence"].startswith(ASSOCIATION) for row in rows)
    assert {row["comparison"] for row in rows} == {"landmark day 30", "landmark day 90", "ever against never"}
    assert found.result["sentence"] == ASSOCIATION
    assert [chart["name"] for chart in found.charts] == ["landmark_30", "landmark_90", "naive"]
    for chart, begins in zip(
        found.charts, ("Association, not an effect", "Association, not an effect", "Misleading"), strict=True
    ):
        assert chart["title"].startswith(begins)
        assert chart["svg"].startswith("<svg")
        assert begins in chart["svg"]
        assert chart["specification"]["$schema"].endswith("vega-lite/v5.json")
    assert "Secret" not in str(found.__dict__)


async def test_it_comes_out_again_from_the_rows_it_kept_whatever_happened_since(client: Client) -> None:
    await customers_of(client)
    study, found = await ran(client, await frozen(client))
    rows = await stored_files().get(path_of(study))
    assert rows is not None
    async with agency_scope(client.system):
        await CustomerSubscription.filter(workspace_id=client.id).update(ended_at=None, ending=None)
        assert await reproduce(study) == found.result_hash
    await stored_files().put(path_of(study), rows[:-20] + rows[-20:][::-1])
    with pytest.raises((InputChanged, OSError, EOFError)):
        await reproduce(study)
    await stored_files().put(path_of(study), b"")
    with pytest.raises((InputChanged, EOFError)):
        await reproduce(study)


async def test_what_is_frozen_never_changes_and_runs_once(client: Client) -> None:
    await customers_of(client)
    async with agency_scope(client.lead):
        study = await create_study(client.lead, client.id, name="x", definition=DEFINITION)
        with pytest.raises(Conflict):
            await run_study(client.lead, study.id)
        study = await create_study(client.lead, client.id, study_id=study.id, name="Courses", definition=DEFINITION)
        study = await freeze_study(client.lead, study.id)
        assert study.definition_hash is not None
        for again in (
            create_study(client.lead, client.id, study_id=study.id, name="y", definition=DEFINITION),
            freeze_study(client.lead, study.id),
        ):
            with pytest.raises(Conflict):
                await again
    study, found = await ran(client, study)
    with pytest.raises(Conflict):
        async with agency_scope(client.lead):
            await run_study(client.lead, study.id)
    async with agency_scope(client.system):
        await compare_arms(client.system, {"study_id": str(study.id)})
        assert (await StudyResult.get(study_id=study.id)).id == found.id


async def test_what_comes_after_the_cut_off_is_not_looked_at(client: Client) -> None:
    await customers_of(client)
    study = await frozen(client)
    async with agency_scope(client.system):
        account = await CustomerAccount.get(workspace_id=client.id, external_id="a0001")
        await CustomerExposure.create(
            workspace_id=client.id, account_id=account.id, kind="course_completed", source="told", external_id="late",
            at=BEGAN + timedelta(days=5),  # recorded after it was frozen
        )  # fmt: skip
        late = await CustomerAccount.create(workspace_id=client.id, external_id="late", name="x")
        await CustomerSubscription.create(
            workspace_id=client.id, account_id=late.id, external_id="late", plan="pro", started_at=BEGAN
        )
    _, found = await ran(client, study)
    assert found.result["landmarks"][0]["numbers"] == {"exposed": 40, "unexposed": 80}


async def test_fewer_than_ten_that_left_in_an_arm_are_said_to_be_too_few(client: Client) -> None:
    await customers_of(client, accounts=30)
    study, found = await ran(client, await frozen(client))
    assert (study.state, found.charts, found.csv.count("\r\n")) == ("insufficient_data", [], 1)
    assert found.caveats[0] == "At day 30 nothing is compared: an arm has fewer than 10 accounts that left."
    for each in found.result["landmarks"]:
        assert (each["status"], "curves" in each) == ("INSUFFICIENT_DATA", False)


async def test_an_ending_from_outside_is_no_churn_and_neither_is_a_reason_that_is_listed(client: Client) -> None:
    await customers_of(client)
    async with agency_scope(client.system) as scope:
        await scope.execute(
            "update customer_subscriptions set reason = 'Merger' where workspace_id = $1 and external_id in ('s4', 's8', 's9')",
            client.id,
        )
    _, every = await ran(client, await frozen(client))
    _, fewer = await ran(client, await frozen(client, Definition(["course_completed"], outside_reasons=["merger"])))
    [before, after] = [one.result["landmarks"][0]["events"] for one in (every, fewer)]
    assert (before["exposed"], before["unexposed"]) == (18, 56)
    assert sum(after.values()) == sum(before.values()) - 1  # s9; s4 and s8 have not ended


async def test_only_lots_make_it_an_effect(client: Client) -> None:
    await customers_of(client, assigned=True)
    _, found = await ran(client, await frozen(client, Definition(["course_completed"], is_randomised=True)))
    assert found.evidence_grade == "causal"
    assert found.sentence.startswith("An effect of the offer")
    assert found.result["landmarks"][0]["numbers"] == {"exposed": 60, "unexposed": 60}
    assert found.result["personTime"] is None


async def test_a_renewal_written_down_late_is_no_churn(client: Client) -> None:
    await customers_of(client)
    async with agency_scope(client.system):
        for left in await CustomerSubscription.filter(workspace_id=client.id, ended_at__isnull=False):
            assert left.ended_at is not None
            gap = 10 if left.external_id in ("s2", "s5") else 40
            await CustomerSubscription.create(
                workspace_id=client.id, account_id=left.account_id, external_id=f"{left.external_id}-next", plan="pro",
                started_at=left.ended_at + timedelta(days=gap),
            )  # fmt: skip
    _, found = await ran(client, await frozen(client))
    assert sum(found.result["landmarks"][0]["events"].values()) == 72


async def test_one_that_was_resumed_later_had_left(client: Client) -> None:
    await customers_of(client)
    async with agency_scope(client.system):
        left = await CustomerSubscription.filter(workspace_id=client.id, ended_at__isnull=False).order_by("external_id")
    async with agency_scope(client.lead):
        for n, each in enumerate(left[:4]):
            assert each.ended_at is not None
            await SubscriptionChange.create(
                workspace_id=client.id, subscription_id=each.id, kind="ended", at=each.ended_at, plan=each.plan, ending=each.ending,
            )  # fmt: skip
            await record_subscription_change(
                client.lead, each.account_id, external_id=each.external_id, kind="resumed",
                at=each.ended_at + timedelta(days=10 if n < 2 else 40),
            )  # fmt: skip
    _, found = await ran(client, await frozen(client))
    others = sum(each.ending != "outside" for each in left) - sum(each.ending != "outside" for each in left[:2])
    assert sum(found.result["landmarks"][0]["events"].values()) == others  # two came back within a month


async def test_given_up_it_is_frozen_as_before_and_can_be_run_again(client: Client) -> None:
    study = await frozen(client)
    payload = {"study_id": str(study.id)}
    async with agency_scope(client.lead):
        await run_study(client.lead, study.id)
    async with agency_scope(client.system):
        await give_up_study(client.system, payload, "x")
        given_up = await RetentionStudy.get(id=study.id)
        assert (given_up.state, given_up.problem) == ("frozen", "It could not be run to its end. Run it again.")
        assert given_up.definition_hash == study.definition_hash
        await go_on_with_study(client.system, payload)
        again = await RetentionStudy.get(id=study.id)
        assert (again.state, again.problem) == ("running", None)


@pytest.mark.parametrize(
    "definition",
    [
        Definition([]),
        Definition(["read"], endings=[]),
        Definition(["posted"]),
        Definition(["read"], horizon_days=89),
        Definition(["read"], fewest_events=9),
        Definition(["read"], outside_reasons=[" "]),
    ],
    ids=["no exposure", "no ending", "own activity on both sides", "short", "few", "no words"],
)
async def test_a_definition_that_says_nothing_is_refused(client: Client, definition: Definition) -> None:
    with pytest.raises(Invalid):
        async with agency_scope(client.lead):
            await create_study(client.lead, client.id, name="x", definition=definition)


async def test_who_writes_no_policies_creates_freezes_and_runs_nothing(client: Client) -> None:
    study = await frozen(client)
    moderator = client.cast.moderator.narrowed_to(client.id)
    for refused in (
        lambda: create_study(moderator, client.id, name="x", definition=DEFINITION),
        lambda: freeze_study(moderator, study.id),
        lambda: run_study(moderator, study.id),
    ):
        with pytest.raises(NotAllowed):
            async with agency_scope(client.lead):
                await refused()


async def test_members_of_a_real_room_are_customers_whose_days_are_counted(client: Client, chat_folder: Path) -> None:
    """Every author a contact of an account of their own: posts by day, and who was answered, without a hand."""
    await import_chat(
        client.lead, client.id, chat_folder / "SQL.jsonl.gz", bots=frozenset({"camperbot"}),
        on_bytes=lambda _: None, on_bad_line=lambda *_: None,
    )  # fmt: skip
    async with agency_scope(client.system) as scope:
        rows = await scope.fetch(
            "select external_id, first_seen_at from members where workspace_id = $1 and kind = 'person'", client.id
        )
    names = [row["external_id"] for row in rows]
    await client.takes_in("accounts", "external_id,name\n" + "".join(f"{name},x\n" for name in names))
    await client.takes_in("contacts", "external_id,account,name,member\n" + "".join(f"{n},{n},x,{n}\n" for n in names))
    began = "".join(f"{row['external_id']},{row['external_id']},x,{row['first_seen_at'].isoformat()}\n" for row in rows)
    await client.takes_in("subscriptions", f"external_id,account,plan,started_at\n{began}")
    study, found = await ran(client, await frozen(client, Definition(["answered"])))
    assert study.state == "insufficient_data"  # nobody has ended a subscription
    assert found.result["coverage"] == {"accounts": 96, "linked": 96}
    async with agency_scope(client.system):
        days = await CustomerExposure.filter(workspace_id=client.id, kind="posted").count()
    assert days > 96
