"""How often a password may be guessed, counted so that nobody can use it against somebody else."""

from __future__ import annotations

import ipaddress
from typing import Final, NamedTuple

GUESSES: Final = 8
"""Failed sign-ins with one name from one place, or on one known device, within :data:`WITHIN` seconds."""
FROM_ONE_PLACE: Final = 40
"""The same with any names from one place: a whole office may stand behind one."""
WITHIN: Final = 300
_SITE: Final = 64


class Device(NamedTuple):
    """A browser in which somebody signed in before; whoever makes one has had that proved (a signed cookie)."""

    id: str = ""
    people: tuple[str, ...] = ()
    """Who signed in there, by person id."""


STRANGE: Final = Device()
"""A browser of which nothing is known."""


def limits(login: str, person: str, address: str, device: Device) -> tuple[tuple[str, int], ...]:
    """What a try counts against, in that order, with how many there may be. ``person``: whose name it is, or ``""``.

    A device on which that person signed in before has a count of its own. Anybody else counts by the place first, so
    that who is refused there uses up nobody's name, then by the name from that place. There is no count by the name
    alone: it would be everybody's key to everybody's door. What bounds guesses from many places is that only so many
    passwords are hashed at a time.
    """
    name = login[:64]
    if person and device.id and person in device.people:
        return ((f"device:{device.id} {name}", GUESSES),)
    place = place_of(address)
    return ((f"address:{place}", FROM_ONE_PLACE), (f"login:{place} {name}", GUESSES))


def place_of(address: str) -> str:
    """What counts as one place: an IPv4 address, the /64 of an IPv6 one (RFC 6177), or this machine.

    A machine has 16 million loopback addresses, and they are one place.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip
    if ip.is_loopback:
        return "loopback"
    return str(ipaddress.ip_network((ip, _SITE), strict=False)) if ip.version == 6 else str(ip)
