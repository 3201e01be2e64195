"""What a step of a GitHub workflow leaves: outputs, a summary, annotations.

Formats: the files that GITHUB_OUTPUT and GITHUB_STEP_SUMMARY name, and the workflow commands that
GitHub reads from the standard output, as GitHub documents them.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

from fanout.wording import one_line

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


def annotate(level: str, text: str) -> None:
    """Show a line as an error, warning or notice of the run; nothing in it is a command."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        line = one_line(text).replace("%", "%25")
        click.echo(f"::{level}::{line}")
