"""Which addresses are other people's servers on the internet. Addresses are judged, never text: `2130706433`, `0x7f.1`
and `127.1` all become 127.0.0.1 when they are resolved."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address

_NAT64: Final = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")  # everything else of version 6 is local, reserved or multicast
# Where clouds answer with their machine's credentials; some are global addresses. Refused whatever is allowed.
_METADATA: Final = tuple(
    map(ip_network, ("169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32", "fd00:ec2::254/128"))
)
# Global by the tables of some CPython that we run on, and yet nobody's server.
_NOBODY: Final = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments, RFC 6890; .8, .9, .10 by RFC 7600, 7723, 8155
            "192.31.196.0/24",  # AS112, RFC 7535
            "192.52.193.0/24",  # tunnels for multicast (AMT), RFC 7450
            "192.88.99.0/24",  # relays of 6to4, RFC 7526
            "192.175.48.0/24",  # AS112, RFC 7534
            "2001::/23",  # protocol assignments, RFC 2928: Teredo, benchmarks, ORCHID, AMT, AS112
            "2620:4f:8000::/48",  # AS112, RFC 7534
            "3fff::/20",  # documentation, RFC 9637
            "5f00::/16",  # segment routing, RFC 9602
        ),
    )
)


def parsed(text: str) -> Address:
    """As getaddrinfo writes it, perhaps with a zone; an address of version 4 that hides in one of version 6 comes out."""
    return _unwrapped(ip_address(text.partition("%")[0]))


def is_public(address: Address) -> bool:
    """A server on the internet. `address` as `parsed` gives it."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not is_metadata(address) and not any(address in network for network in _NOBODY)


def is_metadata(address: Address) -> bool:
    return any(address in network for network in _METADATA)


def _unwrapped(address: Address) -> Address:
    """The address of version 4 that a mapped, 6to4 or NAT64 address leads to."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
