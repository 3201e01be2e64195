"""GitHub as this tool talks to it: who it is there, what is tried again, and what went wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from github import Auth, Github, GithubIntegration, GithubRetry
from github.GithubException import GithubException, RateLimitExceededException
from jwt import PyJWTError
from requests import RequestException

from fanout.errors import ExitCode, UnusableInput
from fanout.wording import printable

API = "https://api.github.com"
SECONDS = 30  # for one answer
TRIES = 5
# What is made anew is made by `once` below: a second try could make it twice.
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})
PAUSES = (0.0, 2.0, 10.0, 60.0)  # seconds before each try to make something
LONGEST_WAIT = 300.0  # seconds, for a rate limit to end
HOW_TO_ROTATE = (
    "make a new fine-grained token that may read and write commit statuses, issues, pull requests"
    " and contents, and run `gh secret set REPO_TOKEN`; or configure a GitHub App, which needs no"
    " rotation"
)
T = TypeVar("T")


class UnreachableGitHub(UnusableInput):
    """GitHub gave no answer, or refused what was asked; nothing was told there in part."""

    exit_code = ExitCode.NO_VERDICT


class InvalidToken(UnusableInput):
    """What is to identify this tool on GitHub is no token, or no key of an app."""


@dataclass(frozen=True)
class Waits:
    """How long is waited before something is tried again, in seconds."""

    pauses: tuple[float, ...] = PAUSES
    backoff: float = 1.0
    secondary: float = 60.0
    longest: float = LONGEST_WAIT
    between_writes: float = 1.0
    answer: float = SECONDS


@dataclass(frozen=True)
class Account:
    """Who we are on GitHub: the client, and the login under which its comments appear."""

    github: Github
    login: str
    waits: Waits
    is_app: bool = False


def connect(environment: Mapping[str, str], waits: Waits | None = None) -> Account | None:
    """The account that the environment configures: a GitHub App, or REPO_TOKEN; None without.

    Raises UnreachableGitHub, and InvalidToken for a key that is none.
    """
    waits = waits or Waits()
    url = environment.get("GITHUB_API_URL") or API
    app, key = (environment.get(f"APP_{name}", "").strip() for name in ("ID", "PRIVATE_KEY"))
    token = environment.get("REPO_TOKEN", "").strip()
    retry = GithubRetry(
        total=TRIES,
        backoff_factor=waits.backoff,
        allowed_methods=REPEATABLE,
        secondary_rate_wait=waits.secondary,
        max_rate_limit_wait=waits.longest,
    )
    if app and key:
        with asking("use the GitHub App"):
            try:
                auth = Auth.AppAuth(app, key)
                integration = GithubIntegration(
                    auth=auth, base_url=url, timeout=SECONDS, retry=retry
                )
                owner, _, name = environment.get("GITHUB_REPOSITORY", "").partition("/")
                installation = integration.get_repo_installation(owner, name)
                login = f"{integration.get_app().slug}[bot]"
                found = auth.get_installation_auth(installation.id)
            except (PyJWTError, ValueError) as error:
                raise InvalidToken(
                    "APP_PRIVATE_KEY is no private key",
                    "set it to the whole PEM file that GitHub gave for the app",
                ) from error
            return Account(client(found, url, retry, waits), login, waits, is_app=True)
    if not token:
        return None
    github = client(Auth.Token(token), url, retry, waits)
    with asking("say whose token REPO_TOKEN is"):
        return Account(github, github.get_user().login, waits)


def client(auth: Auth.Auth, url: str, retry: GithubRetry, waits: Waits) -> Github:
    return Github(
        auth=auth,
        base_url=url,
        timeout=int(waits.answer),
        retry=retry,
        per_page=100,
        seconds_between_requests=0,
        seconds_between_writes=waits.between_writes,
        lazy=True,
    )


@contextmanager
def asking(what: str) -> Iterator[None]:
    """A block that asks GitHub something; what goes wrong ends as UnreachableGitHub."""
    try:
        yield
    except RateLimitExceededException as error:
        raise UnreachableGitHub(
            f"GitHub's rate limit is used up, so it could not {what}",
            "run the job again later; what was told already is not told twice",
        ) from error
    except GithubException as error:
        raise refused(what, error) from error
    except RequestException as error:
        raise UnreachableGitHub(
            f"GitHub cannot be reached, so it could not {what}: {type(error).__name__}",
            "run the job again; what was told already is not told twice",
        ) from error


def refused(what: str, error: GithubException) -> UnreachableGitHub:
    said = error.data.get("message", "") if isinstance(error.data, dict) else ""
    why = printable(str(said))[:200] or "it does not say why"
    if error.status == 401:
        return UnreachableGitHub(
            f"GitHub refuses the token, so it could not {what}: it is wrong, expired or revoked",
            HOW_TO_ROTATE,
        )
    if error.status == 403:
        needed = (error.headers or {}).get("x-accepted-github-permissions", "")
        return UnreachableGitHub(
            f"the token may not {what}: {why}",
            f"give it these permissions: {printable(needed)}" if needed else HOW_TO_ROTATE,
        )
    if error.status == 404:
        return UnreachableGitHub(
            f"GitHub could not {what}: there is no such thing, or the token may not see it",
            "check the repository's name, and what the token may read",
        )
    return UnreachableGitHub(
        f"GitHub could not {what}: {error.status}: {why}",
        "run the job again; what was told already is not told twice",
    )


def once(
    what: str,
    waits: Waits,
    find: Callable[[], T | None],
    make: Callable[[], T],
    *,
    is_new: bool = False,
) -> tuple[T, bool]:
    """What is found, or else made; and whether it was made. What is known to be new is not sought.

    After a failure that may have made it all the same, it is looked for again. Raises
    UnreachableGitHub after the last try.
    """
    with asking(what):
        for last, pause in reversed(list(enumerate(reversed(waits.pauses)))):
            time.sleep(pause)
            if not is_new and (found := find()) is not None:
                return found, False
            is_new = False
            try:
                return make(), True
            except (GithubException, RequestException) as error:
                if not last or not passing(error):
                    raise
    raise AssertionError("there is always a try")


def passing(error: Exception) -> bool:
    """Whether another try could end better."""
    if isinstance(error, GithubException):
        limited = isinstance(error, RateLimitExceededException)
        return limited or error.status >= 500
    return isinstance(error, RequestException)
