"""A message to Slack, Teams, Discord, Matrix or by email, with only what changed.

Format: lines of a pack, or nothing for all of them, and an address: the https address of a webhook
as its service gives it, or a URL of apprise, such as `mailtos://user:password@host?to=a@b.org`.
What was told is remembered, so that a job that is run again tells nobody the same twice: a folder
with an empty file for each message, named by SHA-256 of what was told and to whom.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from fanout.errors import ExitCode, UnusableInput
from fanout.model import Answer
from fanout.notify.announcement import Announcement
from fanout.wording import fitted, one_line

if TYPE_CHECKING:
    from apprise import NotifyBase

NAME = "NOTIFY_URLS"
SECURE = frozenset({"slack", "workflow", "discord", "matrixs", "mailtos"})  # by TLS alone
OPEN = frozenset({"matrix", "mailto"})  # for this machine alone
LOCAL = ("localhost", "127.0.0.1")
MAIL = frozenset({"mailto", "mailtos"})
# Of what an address may say: neither that no certificate is checked, nor what file to read.
PARAMETERS = frozenset(
    {"api-version", "sig", "sp", "sv"}  # of Teams
    | {"bcc", "cc", "from", "name", "reply", "smtp", "to", "user"}  # of a mail
    | {"mode", "pass", "thread", "thread_id", "token"}
)
MOST, LONGEST_LINE = 20, 300  # promises that are listed, and characters of each
TRIES, PAUSE = 5, 5.0  # seconds between them
CONNECTING, ANSWERING = 10.0, 20.0  # seconds
LONGEST = 120.0  # seconds, with all tries
# What is markup, a mention or a link somewhere, unless a word joiner stands beside it.
MARKUP = re.compile(r"[*_~`|@<>\[\]#\\]|:(?=/)")


class UnusableAddress(UnusableInput):
    """A line of NOTIFY_URLS holds no address that messages may go to."""

    def __init__(self, at: int, said: str) -> None:
        hint = f"see the table of secrets in .github/workflows/README.md, and set {NAME} anew"
        super().__init__(f"line {at} of {NAME} {said}", hint)


class Undelivered(UnusableInput):
    """A service did not take a message."""

    exit_code = ExitCode.NO_VERDICT


def addresses(text: str) -> Iterator[tuple[int, str, str]]:
    """Who is told: the number of a line, a pack, or nothing for all of them, and an address."""
    for at, line in enumerate(text.splitlines(), start=1):
        if words := line.split():
            yield at, words[0] if len(words) > 1 else "", words[-1]


def tell(announcement: Announcement, at: int, pack: str, address: str, told: Path) -> str:
    """Send an address the news of its pack, or of all, once; what was done, in a line.

    `at` is the number of its line, `told` the folder that remembers. Raises UnusableAddress and
    Undelivered, without the address: it is a secret.
    """
    plugin = plugin_of(address, at)
    shown = plugin.url(privacy=True)  # type: ignore[no-untyped-call]
    named = f"line {at} of {NAME}, {scheme(plugin)}"
    lines = news(announcement, pack)
    if not lines:
        return f"{named}: nothing changed, nothing sent"
    # Not by the address itself: whoever reads the memory could try passwords.
    said = f"{announcement.model_dump_json()}\0{at} {shown}"
    memory = told / hashlib.sha256(said.encode()).hexdigest()
    if memory.exists():
        return f"{named}: sent before"
    send(plugin, announcement, lines, named)
    told.mkdir(parents=True, exist_ok=True)
    memory.touch()
    return f"{named}: sent"


def news(announcement: Announcement, pack: str = "") -> list[str]:
    """A line for each promise that turned, of one pack or of all; none if there is no news.

    A run without an answer is news to everybody.
    """
    found = [turn.line for turn in announcement.turned if pack in ("", turn.pack)]
    lines = found[:MOST]
    if len(found) > MOST:
        lines.append(f"and {len(found) - MOST} more")
    if announcement.answer is Answer.UNKNOWN and not lines:
        lines.append(announcement.problem or "some cells have no verdict")
    return lines


def scheme(plugin: NotifyBase) -> str:
    return str(plugin.url(privacy=True)).partition("://")[0]  # type: ignore[no-untyped-call]


def plugin_of(address: str, at: int) -> NotifyBase:
    """What sends to an address; raises UnusableAddress."""
    # It reads hundreds of modules, for those alone who have an address.
    from apprise import Apprise, AppriseAsset

    try:
        parts = urlsplit(address)
        asked = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    except ValueError:
        raise UnusableAddress(at, "holds no address") from None
    if parts.scheme not in SECURE | OPEN | {"https", "workflows"}:
        raise UnusableAddress(at, "is none of Slack, Teams, Discord, Matrix and mail over TLS")
    if asked - PARAMETERS:
        raise UnusableAddress(at, f"sets something else than {', '.join(sorted(PARAMETERS))}")
    asset = AppriseAsset(
        app_id="contracts",
        async_mode=False,
        default_service_retry=TRIES - 1,
        default_service_wait=PAUSE,
        http_redirects=False,
        image_url_mask="",
        image_url_logo="",
        pem_autogen=False,
        pgp_autogen=False,
        secure_logging=True,
        service_timeout=LONGEST,
        storage_mode="memory",
    )
    plugin = Apprise.instantiate(address, asset=asset)
    if plugin is None:
        raise UnusableAddress(at, "holds an address that is cut or wrong")
    is_open = scheme(plugin) in OPEN or getattr(plugin, "secure_mode", "") == "insecure"
    host = getattr(plugin, "smtp_host", "") or plugin.host
    if scheme(plugin) not in SECURE | OPEN or (is_open and host not in LOCAL):
        raise UnusableAddress(at, "leads to a service or a host without TLS")
    plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECTING, ANSWERING
    plugin.request_rate_per_sec = 0  # the pauses between tries are ours
    return plugin


def send(plugin: NotifyBase, announcement: Announcement, lines: list[str], named: str) -> None:
    from apprise import Apprise, NotifyFormat

    is_mail = scheme(plugin) in MAIL
    shown = [fitted(one_line(one), LONGEST_LINE) for one in (announcement.headline, *lines)]
    head, *listed = shown if is_mail else map(inert, shown)
    sender = Apprise(asset=plugin.asset)
    sender.add(plugin)
    result = sender.notify(
        title=f"contracts: {head}",
        body="\n".join((*(f"• {line}" for line in listed), "", str(announcement.url))),
        body_format=NotifyFormat.TEXT,
    )
    if not result:
        # Whatever else is in its log may be a secret.
        found = re.findall(r"error=([0-9]{3})", "\n".join(one.message for one in result.logs()))
        said = f"it answers {found[-1]}" if found else "it refuses, or does not answer"
        raise Undelivered(
            f"{named} took no message: {said}",
            f"see that what {NAME} says is not revoked, and run the job again",
        )


def inert(text: str) -> str:
    """Text in which nothing is a link, a mention or markup, for whatever draws it."""
    return MARKUP.sub("\u2060\\g<0>\u2060", text)
