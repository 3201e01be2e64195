"""What is read of a run: the answer in its last line, and for programs nothing else on stdout."""

from __future__ import annotations

import atexit
import logging
import os
import re
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from tox.session.state import State

from matrix.cells import cells
from matrix.folding import RUNS

FOR_PROGRAMS = ("--format", "--schema")  # options of commands that print for programs
ANSWERS = ("report", "report-history", "report-candidate", "check", "gate")  # envs that find one
# The gravest first: of several answers of one run, it is the last line.
COLOURS = {"hold": 31, "error": 31, "unknown": 33, "release": 32}  # of a terminal
ANSWER = re.compile(rf"({'|'.join(COLOURS)})\b")
UNASKED = ("provision> ", "will run in automatically provisioned")  # which tox says each time


def be_brief() -> None:
    """Leave out what is said before every command, and of no command."""
    logging.getLogger("tox_gh_actions").setLevel(logging.ERROR)
    for handler in logging.getLogger().handlers:
        handler.addFilter(lambda record: not record.getMessage().startswith(UNASKED))


def for_programs(state: State) -> bool:
    return any(option.startswith(FOR_PROGRAMS) for option in state.conf.pos_args(None) or ())


def leave_stdout(state: State) -> None:
    """Write tox's own lines to stderr, for whoever reads what a command prints to stdout."""
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.CRITICAL + 1)
    logging.getLogger().addHandler(logging.StreamHandler(sys.stderr))
    state.conf.options.quiet = state.conf.options.verbose  # of the sum that it prints last


def end_with_answer(state: State) -> None:
    """Have the outermost tox print, after all else, the answer that a command of an env leaves."""
    options = state.conf.options
    if options.command not in RUNS or "FANOUT_ANSWER" in os.environ:
        return
    # The same traceback out of many cells hides what each of them says.
    if sum(name in cells() for name in options.env) != 1:
        os.environ["FANOUT_BRIEF"] = "--brief"
    handle, name = tempfile.mkstemp(prefix="fanout-answer-")
    os.close(handle)
    os.environ["FANOUT_ANSWER"] = name
    every = not options.env and not options.labels and not os.environ.get("PACK")
    asked = {*ANSWERS} & {*options.env} or {"history", "candidate"} & {*options.labels}
    helped = {"-h", "--help", "--schema"} & {*(state.conf.pos_args(None) or ())}
    due = (every or asked) and not options.no_test and not helped
    stream = sys.stderr if for_programs(state) else sys.stdout
    atexit.register(print_answer, Path(name), bool(due), stream, options.is_colored)


def print_answer(file: Path, due: bool, stream: TextIO, coloured: bool) -> None:
    """Print the last answer in a file, with the page that was made; if one is due, also without."""
    told = file.read_text("utf-8", "replace").splitlines()
    file.unlink()
    answers = {word[0]: line for line in told if (word := ANSWER.match(line))}
    if not answers and not due:
        return
    answer = next((answers[word] for word in COLOURS if word in answers), "")
    answer = answer or "unknown: this run ended without an answer"
    pages = [os.path.relpath(line) for line in told if not ANSWER.match(line)]
    text = f"{answer} ({pages[-1]})" if answers and pages else answer
    text = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    if coloured and (word := ANSWER.match(text)):
        text = f"\x1b[1;{COLOURS[word[0]]}m{text}\x1b[0m"
    encoding = stream.encoding or "utf-8"
    with suppress(OSError):  # of a reader who has left
        print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)
