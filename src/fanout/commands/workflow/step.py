"""What a step of a GitHub workflow leaves: outputs, a summary, annotations.

Formats: the files that GITHUB_OUTPUT and GITHUB_STEP_SUMMARY name, and the workflow commands that
GitHub reads from the standard output, as GitHub documents them.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from fanout.wording import one_line

BRANCH = click.option(
    "--history-repository",
    envvar="HISTORY_REPOSITORY_URL",
    default="",
    help="Where git finds the branch of the history, to fetch first.",
)
TOKEN = click.option(
    "--token", envvar="READ_TOKEN", default="", help="A token of GitHub that may read there."
)
resume = ""  # what ends a block without commands, while there is one
LARGEST_SUMMARY = 1000 * 1024  # bytes; GitHub refuses a summary of more than 1 MiB
CUT = "\n\nThis is cut here: GitHub shows no more. The whole is among the run's artifacts.\n"


def output(name: str, value: str) -> None:
    """Give a value to the steps and jobs after this one; its own lines cannot end it."""
    if path := os.environ.get("GITHUB_OUTPUT"):
        end = secrets.token_hex(16)
        append(path, f"{name}<<{end}\n{value}\n{end}\n")


def summary(markdown: str) -> None:
    """Show Markdown on the page of the run, cut at a paragraph where it is too long."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        content = markdown.encode()
        if len(content) > LARGEST_SUMMARY:
            kept = content[: LARGEST_SUMMARY - len(CUT)].decode(errors="ignore")
            markdown = kept[: kept.rfind("\n\n")] + CUT
        append(path, markdown)


def append(path: str, text: str) -> None:
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(text)


@contextmanager
def no_commands() -> Iterator[None]:
    """A block in which nothing that is printed is a command of GitHub, whoever wrote it."""
    global resume
    if os.environ.get("GITHUB_ACTIONS") != "true":
        yield
        return
    resume = secrets.token_hex(16)
    click.echo(f"::stop-commands::{resume}")
    try:
        yield
    finally:
        click.echo(f"::{resume}::")
        resume = ""


def annotate(level: str, text: str, file: str = "", line: int = 0) -> None:
    """Show a line as an error, warning or notice of the run; nothing in it is a command."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        place = f" file={escaped(file)},line={line}" if file else ""
        said = f"::{level}{place}::{one_line(text).replace('%', '%25')}"
        stop = (f"::{resume}::", said, f"::stop-commands::{resume}") if resume else (said,)
        click.echo("\n".join(stop))


def escaped(value: str) -> str:
    """A property of a command of GitHub, which a colon or a comma would end."""
    return one_line(value).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
