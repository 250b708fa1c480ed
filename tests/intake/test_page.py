"""What the page /docs/intake says is so: its example is taken, its code signs, its numbers are those of the code."""

import re
from datetime import timedelta
from typing import Any

import orjson
from intake.conftest import Connect

from backend.intake import LARGEST_BODY, thresholds
from backend.intake.generic import KINDS
from graphql_schema.transport.publishing import markdown_of


async def test_the_example_is_taken_as_the_code_on_the_page_signs_it(connect: Connect) -> None:
    site = await connect("webhook")
    [code] = re.findall(r"```python\n(.*?)```", markdown_of("intake"), re.DOTALL)
    [example] = (
        orjson.loads(block)
        for block in re.findall(r"```json\n(.*?)```", markdown_of("intake"), re.DOTALL)
        if '"type"' in block
    )
    names: dict[str, Any] = {"SECRET": site.secret}
    exec(code, names)
    body, headers = names["signed"](example)
    for _ in range(2):
        assert (await site.api.post(site.path, content=body, headers=headers)).status_code == 200
    await site.take_in()
    assert (await site.post()).text == example["data"]["post"]["text"]


def test_every_type_is_on_the_page_and_every_number_is_that_of_the_code() -> None:
    page = " ".join(markdown_of("intake").split())
    assert set(re.findall(r"`((?:post|action)\.\w+)`", page)) == set(KINDS)
    assert f"a delivery {LARGEST_BODY:,} bytes" in page
    assert f"A text has at most {thresholds.LONGEST_TEXT:,} characters" in page
    assert f"at most {thresholds.LONGEST_ID} characters" in page
    assert "kept for fourteen days" in page
    assert "more than five minutes off" in page
    assert (timedelta(days=14), timedelta(minutes=5)) == (thresholds.BODY_KEPT_FOR, thresholds.TOLERANCE)
