"""What the person at the terminal reads."""

import sys
from typing import NoReturn

from rich.console import Console

out, err = Console(), Console(stderr=True, highlight=False, soft_wrap=True)


def say(line: str) -> None:
    out.print(line, markup=False, highlight=False, soft_wrap=True)


def fail(sentence: str) -> NoReturn:
    err.print(f"tend: {sentence}", markup=False)
    sys.exit(1)
