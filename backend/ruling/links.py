"""Where the links of a text lead, as it is written: nothing is asked of the network."""

import re
from typing import Final

# With a scheme, with www., or a host with a path: other words with a dot in them are rarely links.
_LINK: Final = re.compile(
    r"(?:https?|hxxps?)://(?P<whole>[^\s<>\"'`)\]}]+)|(?<![\w@./-])(?P<bare>www\.[^\s<>\"'`)\]}]+|(?:[\w-]+\.)+[a-z]{2,24}/[^\s<>\"'`)\]}]*)",
    re.IGNORECASE,
)
MOST_LINKS: Final = 100  # of a text that are looked at

# Hosts that lead somewhere else. Source: the services named in Wikipedia's list of URL shorteners that answer today.
SHORTENERS: Final = frozenset(
    """bit.ly bitly.com buff.ly cutt.ly dlvr.it fb.me goo.gl ift.tt is.gd j.mp lnkd.in lnk.to ow.ly rb.gy rebrand.ly
    s.id short.io shorturl.at smarturl.it soo.gd su.pr t.co t.ly tiny.cc tinyurl.com trib.al u.to v.gd x.co x.gd
    zpr.io""".split()
)


def hosts_of(text: str) -> list[str]:
    """The host of each link, in lower case and without a port; MOST_LINKS at most."""
    if "." not in text:
        return []
    found = []
    for link in _LINK.finditer(text):
        place = re.split(r"[/?#\\]", link["whole"] or link["bare"], maxsplit=1)[0]
        host = place.rpartition("@")[2].partition(":")[0].casefold().strip(".")
        if host:
            found.append(host)
        if len(found) == MOST_LINKS:
            break
    return found


def links_of(text: str) -> list[str]:
    """Each link as one can compare it: without scheme, www., fragment and a slash or point at its end, the host in lower case;
    MOST_LINKS at most."""
    found = []
    for link in _LINK.finditer(text) if "." in text else ():
        host, slash, rest = (link["whole"] or link["bare"]).partition("/")
        host = host.rpartition("@")[2].casefold().removeprefix("www.")
        found.append((host + slash + rest.partition("#")[0]).rstrip("/.,;:!?"))
        if len(found) == MOST_LINKS:
            break
    return found


def is_below(host: str, hosts: frozenset[str]) -> bool:
    """Whether it is one of the hosts, or lies below one."""
    while host not in hosts:
        _, dot, host = host.partition(".")
        if not dot:
            return False
    return True
