"""What the lead wrote in Markdown, as a tree that a page and a PDF are made of: no text of theirs is ever markup of either."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

# Without HTML, pictures and tables: words, lists, quotations, links.
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).disable(["image", "html_block", "html_inline"])
_ADDRESS: Final = re.compile(r"https://[^\s]+|mailto:[^\s]+", re.IGNORECASE)  # else a scheme may hide in it
_DEEPEST: Final = 8  # lists in lists; deeper ones become plain text

Block = dict[str, Any]


def blocks_of(text: str) -> list[Block]:
    """[{kind: paragraph | heading, runs} | {kind: list, is_ordered, start, items} | {kind: quote, blocks} | {kind: code, text}
    | {kind: rule}]; a run is {text, is_strong, is_emphasised, is_code, href}, or {text: "\\n"} for a break."""
    return list(_blocks(SyntaxTreeNode(_MARKDOWN.parse(text)).children, depth=0))


def _blocks(nodes: Sequence[SyntaxTreeNode], *, depth: int) -> Iterator[Block]:
    for node in nodes:
        if node.type in ("paragraph", "heading"):
            inline = node.children[0]
            yield {"kind": node.type, "runs": _runs(inline.children)}
        elif node.type in ("bullet_list", "ordered_list") and depth < _DEEPEST:
            yield {
                "kind": "list",
                "is_ordered": node.type == "ordered_list",
                "start": int(node.attrs.get("start", 1)),
                "items": [list(_blocks(item.children, depth=depth + 1)) for item in node.children],
            }
        elif node.type == "blockquote" and depth < _DEEPEST:
            yield {"kind": "quote", "blocks": list(_blocks(node.children, depth=depth + 1))}
        elif node.type in ("code_block", "fence"):
            yield {"kind": "code", "text": node.content.rstrip("\n")}
        elif node.type == "hr":
            yield {"kind": "rule"}
        else:
            yield {"kind": "paragraph", "runs": [_run("".join(_texts(node.to_tokens())))]}


def _runs(
    nodes: Sequence[SyntaxTreeNode], *, is_strong: bool = False, is_emphasised: bool = False, href: str | None = None
) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = []
    for node in nodes:
        how: dict[str, Any] = {"is_strong": is_strong, "is_emphasised": is_emphasised, "href": href}
        if node.type == "strong":
            runs += _runs(node.children, **{**how, "is_strong": True})
        elif node.type == "em":
            runs += _runs(node.children, **{**how, "is_emphasised": True})
        elif node.type == "link":
            address = str(node.attrs.get("href", ""))
            runs += _runs(node.children, **{**how, "href": address if _ADDRESS.fullmatch(address) else None})
        elif node.type == "code_inline":
            runs.append(_run(node.content, is_code=True, **how))
        elif node.type == "hardbreak":
            runs.append(_run("\n"))
        elif node.type == "softbreak":
            runs.append(_run(" ", **how))
        else:
            runs.append(_run(node.content, **how))
    return runs


def _run(
    text: str,
    *,
    is_strong: bool = False,
    is_emphasised: bool = False,
    is_code: bool = False,
    href: str | None = None,
) -> dict[str, Any]:
    return {
        "text": text,
        "is_strong": is_strong,
        "is_emphasised": is_emphasised,
        "is_code": is_code,
        "href": href,
    }


def _texts(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        yield from _texts(token.children) if token.children else [token.content]
