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
BETWEEN_WRITES = 1.0  # seconds, as GitHub asks
PAUSES = (2.0, 10.0, 60.0)  # seconds before each further try to make something
# What is made anew is made by `once` below: a second try could make it twice.
REPEATABLE = GithubRetry(
    total=5,
    backoff_factor=1.0,
    allowed_methods={"GET", "HEAD", "PUT", "PATCH", "DELETE"},
    secondary_rate_wait=60.0,
    max_rate_limit_wait=300.0,
)
HOW_TO_ROTATE = (
    "make a new fine-grained token that may read and write commit statuses, issues, pull requests"
    " and contents, and run `gh secret set REPO_TOKEN`; or configure a GitHub App, which needs no"
    " rotation"
)
T = TypeVar("T")


class UnreachableGitHub(UnusableInput):
    """GitHub gave no answer, or refused what was asked; nothing was told there in part."""

    exit_code = ExitCode.NO_VERDICT


@dataclass(frozen=True)
class Account:
    """Who we are on GitHub: the client, and the login under which its comments appear."""

    github: Github
    login: str


def connect(environment: Mapping[str, str]) -> Account | None:
    """The account that the environment configures: a GitHub App, or REPO_TOKEN; None without.

    Raises UnreachableGitHub, also for a key that is none.
    """
    url = environment.get("GITHUB_API_URL") or API
    app, key = (environment.get(f"APP_{name}", "").strip() for name in ("ID", "PRIVATE_KEY"))
    token = environment.get("REPO_TOKEN", "").strip()
    login = ""
    if app and key:
        with asking("use the GitHub App"):
            try:
                of_app = Auth.AppAuth(app, key)
                ours = GithubIntegration(auth=of_app, base_url=url, retry=REPEATABLE)
                owner, _, name = environment.get("GITHUB_REPOSITORY", "").partition("/")
                installation = ours.get_repo_installation(owner, name)
                login = f"{ours.get_app().slug}[bot]"
            except (PyJWTError, ValueError) as error:
                raise UnreachableGitHub(
                    "APP_PRIVATE_KEY is no private key",
                    "set it to the whole PEM file that GitHub gave for the app",
                ) from error
        auth: Auth.Auth = of_app.get_installation_auth(installation.id)
    elif token:
        auth = Auth.Token(token)
    else:
        return None
    github = Github(
        auth=auth,
        base_url=url,
        timeout=SECONDS,
        retry=REPEATABLE,
        per_page=100,
        seconds_between_requests=0,
        seconds_between_writes=BETWEEN_WRITES,
        lazy=True,
    )
    with asking("say whose token REPO_TOKEN is"):
        return Account(github, login or github.get_user().login)


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
    needed = printable((error.headers or {}).get("x-accepted-github-permissions", ""))
    told = {
        401: ("GitHub refuses the token: it is wrong, expired or revoked", HOW_TO_ROTATE),
        403: (why, f"give the token these permissions: {needed}" if needed else HOW_TO_ROTATE),
        404: (
            "there is no such thing, or the token may not see it",
            "check the repository's name, and what the token may read",
        ),
    }
    again = (f"{error.status}: {why}", "run the job again; what was told already is told once")
    cause, hint = told.get(error.status, again)
    return UnreachableGitHub(f"GitHub could not {what}: {cause}", hint)


def once(make: Callable[[], T], find: Callable[[], T | None]) -> T:
    """What is made; after a failure that may have made it all the same, it is looked for first."""
    for pause in PAUSES:
        try:
            return make()
        except (GithubException, RequestException) as error:
            limited = isinstance(error, RateLimitExceededException)
            if isinstance(error, GithubException) and error.status < 500 and not limited:
                raise
        time.sleep(pause)
        if (found := find()) is not None:
            return found
    return make()
