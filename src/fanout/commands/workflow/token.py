"""`fanout workflow token`: a warning before the token expires."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

import click

from fanout.commands.command import Command
from fanout.commands.workflow.step import annotate
from fanout.errors import ExitCode
from fanout.notify.github.client import HOW_TO_ROTATE, asking, connect
from fanout.wording import number

HEADER = "github-authentication-token-expiration"
FORMATS = ("%Y-%m-%d %H:%M:%S %Z", "%Y-%m-%d %H:%M:%S %z")
DAYS = 10


@click.command(
    cls=Command,
    epilog="""\b
Exit codes: 0 nothing to do, 1 the token expires soon, 3 GitHub refuses it.
Example: fanout workflow token --days 30""",
)
@click.option(
    "--days",
    type=click.IntRange(0, 365),
    default=DAYS,
    show_default=True,
    help="Warn so many days before.",
)
def token(days: int) -> None:
    """Ask GitHub how long REPO_TOKEN lasts, and say how to rotate it in time."""
    account = connect(os.environ)
    if account is None:
        click.echo("there is no token, so none expires")
        return
    if account.is_app:
        # Its tokens last an hour and are made anew; GitHub refuses them what is asked below.
        click.echo(f"the app {account.login} needs no rotation")
        return
    with asking("say how long the token lasts"):
        headers, _ = account.github.requester.requestJsonAndCheck("GET", "/user")
    expires = moment(str(headers.get(HEADER, "")))
    if expires is None:
        click.echo("the token does not expire")
        return
    left = (expires - datetime.now(UTC)).days
    said = f"the token of {account.login} expires on {expires.date()}, in {number(left, 'day')}"
    click.echo(said)
    if left <= days:
        annotate("warning", f"{said}; {HOW_TO_ROTATE}")
        click.echo(HOW_TO_ROTATE)
        sys.exit(ExitCode.BROKEN)


def moment(text: str) -> datetime | None:
    """When GitHub says that a token expires; it writes UTC, as a word or as an offset."""
    for form in FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
