"""Markdown as readers get it: nothing that somebody writes runs, loads or looks like the page around it."""

from html.parser import HTMLParser

import pytest

from backend.education import render
from backend.education.rendering import _TAGS

ATTACKS = {
    "script": "<script>alert(1)</script>",
    "script in words": "a <script>alert(1)</script> b",
    "script upper": "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "script broken": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "image error": "<img src=x onerror=alert(1)>",
    "image error quoted": '"><img src=x onerror=alert(1)>',
    "svg": "<svg onload=alert(1)>",
    "svg script": "<svg><script>alert(1)</script></svg>",
    "svg animate": "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "svg use": "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)>#x'/></svg>",
    "math": "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "mutation": "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "mutation form": "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "iframe": "<iframe src=javascript:alert(1)></iframe>",
    "iframe srcdoc": "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "object": "<object data=javascript:alert(1)></object>",
    "embed": "<embed src=//evil.example>",
    "base": "<base href=//evil.example/>",
    "meta": '<meta http-equiv=refresh content="0;url=//evil.example">',
    "link sheet": "<link rel=stylesheet href=//evil.example/x.css>",
    "style": "<style>*{background:url(//evil.example)}</style>",
    "style attribute": "<p style='position:fixed;inset:0'>x</p>",
    "form": "<form action=//evil.example><input name=password></form>",
    "button": "<button formaction=javascript:alert(1)>x</button>",
    "input focus": "<input autofocus onfocus=alert(1)>",
    "details": "<details open ontoggle=alert(1)>",
    "video": "<video><source onerror=alert(1)></video>",
    "body": "<body onload=alert(1)>",
    "marquee": "<marquee onstart=alert(1)>",
    "comment": "<!--><img src=x onerror=alert(1)>-->",
    "cdata": "<![CDATA[<script>alert(1)</script>]]>",
    "processing": "<?php echo 1 ?>",
    "template": "<template><script>alert(1)</script></template>",
    "clobber": "<a id=location name=body>x</a>",
    "javascript link": "[x](javascript:alert(1))",
    "javascript case": "[x](JaVaScRiPt:alert(1))",
    "javascript blanks": "[x](  javascript:alert(1))",
    "javascript tab": "[x](java&Tab;script:alert(1))",
    "javascript line": "[x](java&NewLine;script:alert(1))",
    "javascript entity": "[x](&#106;avascript:alert(1))",
    "javascript colon": "[x](javascript&colon;alert(1))",
    "javascript nul": "[x](java\x00script:alert(1))",
    "javascript control": "[x](\x01javascript:alert(1))",
    "javascript angle": "[x](<javascript:alert(1)>)",
    "javascript autolink": "<javascript:alert(1)>",
    "javascript reference": "[x]\n\n[x]: javascript:alert(1)",
    "vbscript": "[x](vbscript:msgbox(1))",
    "data": "[x](data:text/html,<script>alert(1)</script>)",
    "data base64": "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "file": "[x](file:///etc/passwd)",
    "blob": "[x](blob:https://evil.example/1)",
    "title": '[x](https://a.example "\\" onmouseover=alert(1) x=\\"")',
    "title quote": "[x](https://a.example '\" onmouseover=\"alert(1)')",
    "address quote": '[x](https://a.example/"onmouseover="alert(1))',
    "picture": "![x](https://evil.example/pixel.gif)",
    "picture javascript": "![x](javascript:alert(1))",
    "picture onerror": '![x" onerror="alert(1)](x)',
    "fence": "```html\"><script>alert(1)</script>\nx\n```",
    "fence class": '```x" onclick="alert(1)\nx\n```',
    "code": "`<img src=x onerror=alert(1)>`",
    "heading": "# <img src=x onerror=alert(1)>",
    "heading id": '# " onclick="alert(1)',
    "heading clobber": "# location",
    "table": "|a|\n|:-:|\n|<img src=x onerror=alert(1)>|",
    "entity": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "twice": "&amp;lt;script&amp;gt;alert(1)",
    "half width": "＜script＞alert(1)＜/script＞",
    "right to left": "[x](https://a.example/\u202egpj.exe)",
    "nested": "[a [b](javascript:alert(1))](javascript:alert(2))",
    "list": "1. <script>alert(1)</script>\n   - [x](javascript:alert(1))",
    "quote": "> <svg/onload=alert(1)>",
    "deep": "> " * 200 + "<script>alert(1)</script>",
}  # fmt: skip
ALLOWED = {"href", "title", "rel", "class", "id", "style", "start"}


class Seen(HTMLParser):
    """What a browser would make of it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.others: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_decl(self, decl: str) -> None:
        self.others.append(decl)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_of_an_attack_arrives(name: str) -> None:
    seen = Seen()
    seen.feed(render(ATTACKS[name]).html)
    seen.close()
    assert not seen.others
    for tag, attributes in seen.tags:
        assert tag in _TAGS, tag
        assert set(attributes) <= ALLOWED, attributes
        href = attributes.get("href")
        if href is not None:
            assert href.startswith(("https://", "http://", "mailto:", "#", "/")), href
            assert attributes["rel"] == "noopener noreferrer nofollow ugc"
        assert attributes.get("id") is None or attributes["id"].startswith("section-")  # type: ignore[union-attr]
        assert attributes.get("class") is None or attributes["class"].startswith("language-")  # type: ignore[union-attr]


def test_what_teaching_needs_is_shown() -> None:
    shown = render(
        "# How to\n\nRead *this* and **that**, ~~not~~ `code`.\n\n## Then\n\n1. one\n2. two\n\n"
        "| a | b |\n|:--|--:|\n| 1 | 2 |\n\n> quoted\n\n```python\nx < 1\n```\n\n[more](https://a.example/b?c=1&d=2)\n"
    )
    assert shown.html == (
        '<h2 id="section-how-to">How to</h2>\n'
        "<p>Read <em>this</em> and <strong>that</strong>, <s>not</s> <code>code</code>.</p>\n"
        '<h3 id="section-then">Then</h3>\n'
        "<ol>\n<li>one</li>\n<li>two</li>\n</ol>\n"
        '<table>\n<thead>\n<tr>\n<th style="text-align:left">a</th>\n<th style="text-align:right">b</th>\n</tr>\n</thead>\n'
        '<tbody>\n<tr>\n<td style="text-align:left">1</td>\n<td style="text-align:right">2</td>\n</tr>\n</tbody>\n</table>\n'
        "<blockquote>\n<p>quoted</p>\n</blockquote>\n"
        '<pre><code class="language-python">x &lt; 1\n</code></pre>\n'
        '<p><a href="https://a.example/b?c=1&amp;d=2" rel="noopener noreferrer nofollow ugc">more</a></p>\n'
    )
    assert shown.contents == [
        {"level": 2, "title": "How to", "anchor": "section-how-to"},
        {"level": 3, "title": "Then", "anchor": "section-then"},
    ]


def test_headings_of_one_name_have_anchors_of_their_own() -> None:
    assert [each["anchor"] for each in render("# Über\n\n# über\n\n# 数据\n\n# !\n").contents] == [
        "section-über",
        "section-über-2",
        "section-数据",
        "section-x",
    ]


@pytest.mark.parametrize(
    ("text", "words", "seconds"),
    [("word " * 238, 238, 60), ("", 0, 0), ("字" * 255, 255, 60), ("word " * 238 + "字" * 255, 493, 120)],
    ids=["a minute", "nothing", "a minute of Chinese", "both"],
)
def test_how_long_it_takes_to_read(text: str, words: int, seconds: int) -> None:
    assert (render(text).word_count, render(text).reading_seconds) == (words, seconds)
