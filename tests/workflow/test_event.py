"""What an event of GitHub may ask for, and what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanout.notify.announcement import Request
from fanout.workflow.event import InvalidRequest, Scope, changed_packs, request, scope

COMMIT = "0123456789abcdef" * 2 + "01234567"


def dispatched(**payload: object) -> Request:
    return request(json.dumps({"payload": json.dumps(payload)}))


def test_a_dispatch_names_ref_commit_and_pull_request() -> None:
    """What Core sends is the request, each part as it was sent."""
    made = dispatched(core_ref="feature/x", sha=COMMIT, pull_request=12)

    assert (made.core_ref, made.commit, made.pull_request) == ("feature/x", COMMIT, 12)


@pytest.mark.parametrize(
    "ref",
    ["main", "v1.4.61", "1.4.62rc1", "release/1.x", "feature/a_b.c+d", "a" * 250, COMMIT],
)
def test_what_git_allows_and_needs_no_quoting_is_a_ref(ref: str) -> None:
    """Branches, tags, commits and versions of every usual form are taken."""
    assert request(json.dumps({"core_ref": ref})).core_ref == ref


@pytest.mark.parametrize(
    "ref",
    [
        "$(id)",
        "`id`",
        "a;b",
        "a b",
        "a\nb",
        "-upload-pack=x",
        "../../etc/passwd",
        "a..b",
        "a//b",
        "/a",
        "a/",
        "a.lock",
        "refs/heads/.a",
        "a@{1}",
        "a~1",
        "a^b",
        "a:b",
        "a*b",
        "\u0430dmin",
        "a\u202eb",
        "${{ github.token }}",
        "a" * 251,
        "https://example.org/x",
        "cores/v1.1.0/",
    ],
)
@pytest.mark.parametrize("key", ["core_ref", "baseline"])
def test_what_could_fool_git_or_a_shell_is_no_ref(ref: str, key: str) -> None:
    """Whatever needs quoting, climbs, or looks like an option is refused with its name."""
    with pytest.raises(InvalidRequest, match=key):
        dispatched(**({"core_ref": "main"} | {key: ref}))


@pytest.mark.parametrize(
    ("said", "asked"),
    [(True, True), ("true", True), (False, False), ("false", False), (None, False), ("", False)],
)
def test_only_new(said: object, asked: bool) -> None:
    """A dispatch may ask only for what Core newly breaks."""
    assert dispatched(core_ref="main", only_new=said).only_new is asked


@pytest.mark.parametrize("said", ["yes", 2, ["x"]])
def test_what_is_no_flag_is_refused(said: object) -> None:
    """A text that looks like yes is not taken for one."""
    with pytest.raises(InvalidRequest, match="only_new"):
        dispatched(core_ref="main", only_new=said)


@given(st.text(max_size=40))
def test_whatever_is_taken_is_plain(ref: str) -> None:
    """A ref that is taken holds nothing that a shell, git or a page would read otherwise."""
    try:
        made = request(json.dumps({"core_ref": ref}))
    except InvalidRequest:
        return
    assert set(made.core_ref) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+/-"
    )
    assert not made.core_ref.startswith(("-", "/", "."))


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"core_ref": ""}, "has no 'core_ref'"),
        ({"core_ref": None}, "has no 'core_ref'"),
        ({"core_ref": " ", "pull_request": 7}, "has no 'core_ref'"),
        ({"core_ref": "main", "packs": [["a"]]}, "is not names of packs"),
        ({"core_ref": "main", "pull_request": "1_0"}, "is not the number of a pull request"),
        ({"core_ref": "main", "pull_request": 12.0}, "is not the number of a pull request"),
        ({"core_ref": ["main"]}, "'core_ref' of 'client_payload' is not a version"),
        ({"core_ref": "main", "sha": "abc"}, "the full hash of a commit"),
        ({"core_ref": "main", "sha": COMMIT.upper()}, "the full hash of a commit"),
        ({"core_ref": "main", "pull_request": "1; id"}, "is not the number of a pull request"),
        ({"core_ref": "main", "pull_request": True}, "is not the number of a pull request"),
        ({"core_ref": "main", "pull_request": -1}, "is not the number of a pull request"),
        ({"core_ref": "main", "packs": "store,../x"}, "is not names of packs"),
    ],
)
def test_a_payload_that_is_wrong_is_refused(payload: dict[str, object], said: str) -> None:
    """Each part of a payload is checked, and the message says which one is wrong."""
    with pytest.raises(InvalidRequest, match=said) as refused:
        dispatched(**payload)

    assert refused.value.hint


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "[" * 100_000, "x" * 70_000])
def test_what_is_no_object_is_refused(text: str) -> None:
    """JSON that is cut off, too deep, too large or of another kind is no payload."""
    with pytest.raises(InvalidRequest):
        request(json.dumps({"payload": text}))
    with pytest.raises(InvalidRequest):
        request(text)


def test_inputs_say_what_of_the_matrix_is_meant() -> None:
    """A schedule asks for every release, or only for what is new; a change for what it touches."""
    assert scope(json.dumps({"every": True, "news": False})) == Scope(every=True)
    assert scope(json.dumps({"since": COMMIT, "news": "true"})) == Scope(since=COMMIT, news=True)
    assert scope("null") == Scope()


@pytest.mark.parametrize(
    ("paths", "packs"),
    [
        (["packs/store/test_a.py"], ("store",)),
        (["packs/store/test_a.py", "packs/pipeline/pack.toml"], ("store", "pipeline")),
        (["packs/store/test_a.py", "tox.ini"], ()),
        (["packs/conftest.py"], ()),
        (["packs/requirements.txt"], ()),
        (["packs/unknown/test_a.py"], ()),
        (["src/fanout/gate/decision.py"], ()),
        ([], ()),
    ],
)
def test_a_change_of_what_is_shared_runs_all(paths: list[str], packs: tuple[str, ...]) -> None:
    """Only where nothing but packs has changed are other packs left out."""
    assert changed_packs(paths, {"store", "pipeline"}) == packs
