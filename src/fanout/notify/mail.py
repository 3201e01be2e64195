"""Email: one message to each address, with only what changed.

Format: plain text (RFC 5322), sent by SMTP (RFC 5321) over TLS.
"""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from fanout.errors import ExitCode, UnusableInput
from fanout.notify.announcement import Announcement
from fanout.notify.tidings import Told, short, spread
from fanout.wording import number

SECONDS = 30  # for one answer
LOCAL = ("localhost", "127.0.0.1")
HINT = "set EMAIL_SERVER to smtps://user:password@host:465, or smtp://user:password@host:587"


class UnreachableServer(UnusableInput):
    """The mail server did not take a message."""

    exit_code = ExitCode.NO_VERDICT


def message(announcement: Announcement, sender: str, to: str, lines: list[str]) -> EmailMessage:
    """The mail; a rerun has the same id, so that a reader's program shows it once."""
    mail = EmailMessage()
    mail["Subject"] = f"contracts: {short(announcement.headline)}"
    mail["From"] = sender
    mail["To"] = to
    about = announcement.request.core_ref or "table"
    domain = sender.rpartition("@")[2] or "localhost"
    mail["Message-ID"] = f"<{digest(f'{announcement.url} {to}')}@{domain}>"
    mail["References"] = f"<{digest(f'{about} {to}')}@{domain}>"
    listed = "\n".join(f"- {line}" for line in lines)
    mail.set_content(f"{announcement.headline}\n\n{listed}\n\n{announcement.url}\n")
    return mail


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def tell(
    announcement: Announcement,
    server: str,
    recipients: str,
    sender: str,
    told: Told | None = None,
) -> str:
    """Send each address the news of its pack, or of all, once; what was done, in a line.

    Raises UnreachableServer, without the password.
    """

    def one(to: str, lines: list[str]) -> None:
        send(server, message(announcement, sender, to, lines))

    sent, news = spread(announcement, recipients, told or Told(announcement), one)
    if not news:
        return "email: nothing changed, none sent"
    return f"email: {number(sent, 'mail')}" + (", the others before" if sent < news else "")


def send(server: str, mail: EmailMessage) -> None:
    try:
        parts = urlsplit(server)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
        parts = urlsplit("")
    if parts.scheme not in ("smtp", "smtps") or not host:
        raise UnusableInput("EMAIL_SERVER is no address of a mail server", HINT)
    context = ssl.create_default_context()
    try:
        with (
            smtplib.SMTP_SSL(host, port or 465, timeout=SECONDS, context=context)
            if parts.scheme == "smtps"
            else smtplib.SMTP(host, port or 587, timeout=SECONDS)
        ) as client:
            if parts.scheme == "smtp" and host not in LOCAL:
                client.starttls(context=context)
            if parts.username:
                client.login(unquote(parts.username), unquote(parts.password or ""))
            client.send_message(mail)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        code = getattr(error, "smtp_code", "")
        said = f"{type(error).__name__} {code}".strip()
        raise UnreachableServer(f"the mail server '{host}' took no mail: {said}", HINT) from None
