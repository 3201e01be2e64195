"""What every command shares: its options, and how a mistake of the user ends."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Event, Thread, current_thread, main_thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click
from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

from fanout.errors import ExitCode, UnusableInput
from fanout.wording import hanging, one_line, printable

F = TypeVar("F", bound=Callable[..., Any])
INTERRUPTED = 130  # the exit code that shells give Ctrl-C
SILENCE = 10.0  # seconds without a word, after which one is due
EVERY = 24.0  # hours in which a run is due, unless told
FOLDER = click.Path(file_okay=False, path_type=Path)
FOLDER_THAT_IS_THERE = click.Path(exists=True, file_okay=False, path_type=Path)


def beside_the_table(context: click.Context, option: click.Parameter, folder: Path | None) -> Path:
    root: Path = context.params["root"]
    return folder or root / "history"


ROOT = click.option(
    "--root",
    type=FOLDER_THAT_IS_THERE,
    default=Path(),
    is_eager=True,  # the folder of the history is beside it
    help="The folder of tox.ini and packs/.",
)
INDEX = click.option(
    "--index",
    envvar=["CORE_INDEX", "UV_DEFAULT_INDEX"],
    default="https://pypi.org/simple/",
    metavar="URL",
    help="The package index.",
)
HISTORY = click.option(
    "--history",
    type=FOLDER,
    envvar="HISTORY",
    callback=beside_the_table,
    help="The history; `history` beside tox.ini unless told.",
)
PACKS = click.option("--pack", "packs", multiple=True, help="Ask this pack only; repeatable.")


def format_option(*others: str) -> Callable[[F], F]:
    """The option that says in which form the answer is printed."""
    forms = ["text", "json", *others]
    said = f"{', '.join(forms[:-1])} or {forms[-1]}."
    how: dict[str, Any] = {"type": click.Choice(forms), "default": "text", "metavar": "FORM"}
    return click.option("--format", "form", help=said, **how)


def address(context: click.Context, option: click.Parameter, value: str | None) -> str:
    """The address of a page, or nothing."""
    if not value:
        return ""
    with suppress(ValueError):
        found = urlsplit(value)
        usual = found.scheme in ("http", "https") and found.hostname and found.port != 0
        if usual and not found.query and not found.fragment and value.isprintable():
            return value
    raise click.BadParameter(f"'{printable(value)}' is no address such as https://example.org/core")


spoke = 0.0  # the moment at which something was said last


def say(text: str) -> None:
    """Tell something beside the answer, on standard error."""
    global spoke
    spoke = time.monotonic()
    Console(stderr=True, soft_wrap=True, highlight=False).print(Text(printable(text)))


def complain(error: UnusableInput, mark: str = "error: ") -> None:
    """Tell what is wrong and what to do next; where a line wraps, its mark stands out.

    Only a terminal wraps: a log is searched.
    """
    console = Console(stderr=True)
    for first, text in ((mark, error.what), ("hint: ", error.hint)):
        beside = " " * (first.index(" ") + 1)
        wraps = console.is_terminal
        say("\n".join(hanging(text, first, beside, console.width)) if wraps else first + text)


@contextmanager
def never_silent() -> Iterator[None]:
    """A block that says that it still works wherever nothing else has said anything for long."""
    began = time.monotonic()
    ended = Event()

    def watch() -> None:
        while not ended.wait(max(began, spoke) + SILENCE - time.monotonic()):
            if time.monotonic() - spoke >= SILENCE:
                say(f"still working, after {time.monotonic() - began:.0f} s")

    Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def leave(*lines: object) -> bool:
    """Leave an answer, and the page of it, with the tox that runs this, if one asks for its end."""
    file = os.environ.get("FANOUT_ANSWER")
    if not file:
        return False
    with suppress(OSError), open(file, "a", encoding="utf-8", errors="replace") as answers:
        answers.writelines(f"{one_line(str(line))}\n" for line in lines)
    return True


def show(
    form: str, made: BaseModel, text: Callable[[Console], None], **others: Callable[[], str]
) -> None:
    """Print the answer in the form that was asked for."""
    if form == "json":
        click.echo(made.model_dump_json(indent=2))
    elif form in others:
        click.echo(others[form](), nl=False)
    else:
        text(Terminal(highlight=False))


class Terminal(Console):
    """A console whose reader may leave; rich itself would end with 1, which is an answer."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def print_every_text() -> None:
    """From here on what a terminal cannot show is escaped, and what programs read is UTF-8."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        encoding = sys.stdout.encoding if sys.stdout.isatty() else "utf-8"
        sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")


class Command(click.Command):
    """A command that ends with a code of its own, whatever happens.

    A mistake of the user gives a message and no traceback. Neither a fault of this tool nor
    Ctrl-C may look like an answer, which Python's own exit code 1 would.
    """

    def invoke(self, ctx: click.Context) -> object:
        if current_thread() is main_thread():
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        print_every_text()
        # A server that waits has nothing to say.
        at_work = nullcontext() if ctx.params.get("serves") else never_silent()
        try:
            with at_work:
                return super().invoke(ctx)
        except UnusableInput as error:
            complain(error)
            leave(f"error: {error.what}")
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("interrupted: there is no answer", err=True)
            leave("unknown: it was interrupted")
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            # Nobody reads on; Python must not complain of it once more when it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(ExitCode.NO_VERDICT)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception:
            traceback.print_exc()
            click.echo("error: this is a fault of fanout itself; please report it", err=True)
            ctx.exit(ExitCode.NO_VERDICT)
