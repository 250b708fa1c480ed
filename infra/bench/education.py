"""What readers of a client's site ask for all day, a page of an article and the list of courses, beside the queue page of the same run."""

import asyncio
import json
import sys
from statistics import median
from typing import Any, Final
from uuid import UUID

from rich.console import Console
from rich.table import Table

from backend import models
from backend.education import ContentItem, ContentVersion, Course, CourseLesson, render
from backend.equipping import equip
from backend.kit.ids import new_id
from infra.bench import load
from infra.bench.loading import Client, add_cases, open_client, settle
from infra.bench.operations import OPERATIONS
from infra.bench.results import Row
from infra.bench.servers import Place, serving
from tenants import database
from tenants.actor import system
from tenants.scope import agency_scope

ARTICLES: Final = 500
COURSES: Final = 200
LESSONS_PER_COURSE: Final = 5
CONNECTIONS: Final = 16
ROUNDS: Final = 3
SECONDS: Final = 4
_TEXT: Final = "\n\n".join(
    f"# Part {part}\n\n" + "Press the **button** at the top, then [look](https://example.com/). " * 12
    for part in range(8)
)
_PAGES: Final = {
    "queue_page": next(each.document for each in OPERATIONS if each.name == "queue_page"),
    "article_page": """
        query ArticlePage($item: ID!) {
          readContent(itemId: $item, languages: ["de", "en"]) { title summary html contents readingSeconds language isStale }
        }
        """,
    "course_list": """
        query CourseList($workspace: ID!) {
          workspace(id: $workspace) {
            courses(first: 50) {
              nodes { id slug title summary state certificateKind lessons(first: 10) { nodes { position item { id slug } } } }
              pageInfo { hasNextPage endCursor }
            }
          }
        }
        """,
}


def measure(place: Place, console: Console) -> list[Row]:
    client, articles = asyncio.run(_filled(place))
    ids = {"workspace": f"workspace_{client.workspace_id}"}
    asked = {
        page: [_asked(client, document, {**ids, "item": f"content_{id}"} if page == "article_page" else ids) for id in articles]
        for page, document in _PAGES.items()
    }  # fmt: skip
    rates: dict[str, list[load.Measured]] = {page: [] for page in _PAGES}
    argv = [sys.executable, "-m", "backend.cli", "serve"]
    with serving("education", argv, place.environment, ready="/health/live") as process:
        for turn in range(ROUNDS + 1):
            for page, requests in asked.items():
                measured = load.run(load.Load(process.base_url, requests, CONNECTIONS, SECONDS if turn else 1))
                if turn:  # the first only warms up
                    rates[page].append(measured)
    row: Row = {"operation": "education", "articles": ARTICLES, "courses": COURSES}
    table = Table("page", "requests/s", "p50 ms", "p99 ms", "of the queue page", title="What readers ask for")
    for page, found in rates.items():
        row[page] = median(each.requests_per_second for each in found)
        table.add_row(
            page,
            f"{row[page]:,.0f}",
            f"{median(each.p50_ms for each in found):.1f}",
            f"{median(each.p99_ms for each in found):.1f}",
            f"{row[page] / row['queue_page']:.2f}",
        )
    console.print(table)
    return [row]


def _asked(client: Client, document: str, variables: dict[str, Any]) -> load.Asked:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {client.tokens[0]}"}
    return load.Asked("/graphql", headers, json.dumps({"query": document, "variables": variables}))


async def _filled(place: Place) -> tuple[Client, list[UUID]]:
    models.load()
    equip(place.settings)
    await database.connect(place.settings.app_url, models=models.MODEL_MODULES)
    try:
        client = await open_client(moderators=1)
        await add_cases(client, cases=2_000, posts=4_000, reports_per_case=3)
        async with agency_scope(system(client.agency_id, workspace_id=client.workspace_id)):
            articles = await _items(client, "article", ARTICLES)
            lessons = await _items(client, "lesson", COURSES * LESSONS_PER_COURSE)
            courses = [
                Course(
                    workspace_id=client.workspace_id, id=new_id(), slug=f"course-{number}", title=f"Course {number}",
                    summary="What it is about.", state="published", is_ordered=True, writers=[],
                )
                for number in range(COURSES)
            ]  # fmt: skip
            await Course.bulk_create(courses, batch_size=500)
            places = [
                CourseLesson(
                    workspace_id=client.workspace_id, course_id=courses[n // LESSONS_PER_COURSE].id, item_id=item_id,
                    position=n % LESSONS_PER_COURSE + 1,
                )
                for n, item_id in enumerate(lessons)
            ]  # fmt: skip
            await CourseLesson.bulk_create(places, batch_size=500)
        await settle(place.settings.owner_url)
        return client, articles
    finally:
        await database.disconnect()


async def _items(client: Client, kind: str, count: int) -> list[UUID]:
    """Published; an article has an older version and a translation."""
    shown, of = render(_TEXT), {"workspace_id": client.workspace_id}
    items, versions = [], []
    for number in range(count):
        item = ContentItem(**of, id=new_id(), kind=kind, slug=f"{kind}-{number}", language="en")
        written = [("en", 1), ("en", 2), ("de", 1)] if kind == "article" else [("en", 1)]
        for language, version in written:
            versions.append(
                ContentVersion(
                    **of, id=new_id(), item_id=item.id, language=language, version=version, title=f"Title {number}", summary="x",
                    text=_TEXT, html=shown.html, contents=shown.contents, words=["button", "top"], word_count=shown.word_count,
                    reading_seconds=shown.reading_seconds, writers=[], source_version=2 if language == "de" else None,
                )
            )  # fmt: skip
            if language == "en":
                item.current_version_id = versions[-1].id
        items.append(item)
    await ContentItem.bulk_create(items, batch_size=500)
    await ContentVersion.bulk_create(versions, batch_size=200)
    return [item.id for item in items]
