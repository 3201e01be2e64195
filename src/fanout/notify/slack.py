"""Slack: one message to an incoming webhook, with only what changed.

Format: the JSON of an incoming webhook, `text` in Slack's mrkdwn, as Slack documents it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from requests import RequestException, Session
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from fanout.errors import ExitCode, UnusableInput
from fanout.notify.announcement import Announcement
from fanout.notify.tidings import Told, short, spread
from fanout.wording import number

SECONDS = 20  # for one answer
LONGEST = 30_000  # characters; Slack cuts at 40,000
LOCAL = ("localhost", "127.0.0.1")


class UnreachableSlack(UnusableInput):
    """Slack did not take a message."""

    exit_code = ExitCode.NO_VERDICT


def escape(text: str) -> str:
    """Text in which nothing is a link, a mention or markup, as Slack's documentation says."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # What stands beside a word joiner begins neither bold nor code.
    return "".join(f"\u2060{one}\u2060" if one in "*_~`" else one for one in text)


def message(announcement: Announcement, lines: list[str]) -> str:
    head = f"*{escape(short(announcement.headline))}*"
    listed = "\n".join(f"• {escape(line)}" for line in lines)
    return f"{head}\n{listed}"[:LONGEST] + f"\n<{announcement.url}|The run>"


def tell(
    announcement: Announcement, webhooks: str, told: Told | None = None, *, backoff: float = 1.0
) -> str:
    """Tell each webhook the news of its pack, or of all, once; what was done, in a line.

    Raises UnreachableSlack, without the address: it is a secret.
    """
    with Session() as session:
        retry = Retry(
            5,
            backoff_factor=backoff,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=None,
        )
        session.mount("https://", HTTPAdapter(max_retries=retry))
        session.mount("http://", HTTPAdapter(max_retries=retry))

        def one(address: str, lines: list[str]) -> None:
            post(session, address, message(announcement, lines))

        sent, news = spread(announcement, webhooks, told or Told(announcement), one)
    if not news:
        return "Slack: nothing changed, nothing sent"
    return f"Slack: {number(sent, 'message')}" + (", the others before" if sent < news else "")


def post(session: Session, address: str, text: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in LOCAL:
        raise UnusableInput(
            "SLACK_WEBHOOK holds something that is no https address",
            "set it to the address of an incoming webhook, or to lines of a pack and an address",
        )
    try:
        answer = session.post(
            address,
            json={"text": text, "unfurl_links": False},
            timeout=SECONDS,
            allow_redirects=False,
        )
    except RequestException as error:
        raise UnreachableSlack(
            f"Slack cannot be reached: {type(error).__name__}", "run the job again"
        ) from None
    if answer.status_code != 200:
        raise UnreachableSlack(
            f"Slack refuses the message: {answer.status_code}: {short(answer.text)}",
            "see that the webhook is not revoked, and set SLACK_WEBHOOK anew",
        )
