"""Messages: only what changed, to whom it concerns, and nothing that could fool a reader."""

from __future__ import annotations

import json
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from email import message_from_string, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from apprise.plugins.slack import NotifySlack
from click.testing import CliRunner

from fanout.cli import main
from fanout.model import Answer, Verdict
from fanout.notify import messages
from fanout.notify.announcement import Announcement, Request, Turned
from tests.notify.telling import Told, hurry

URL = "https://github.com/owner/contracts/actions/runs/1"
HOSTILE = (
    "<!channel> <https://example.org|here> *bold* `code` & @here [x](http://example.org)"
    "\r\nBcc: eve@example.org"
)
SECRET = "NotToBeSeen"  # noqa: S105 - nobody's
SLACK = f"https://hooks.slack.com/services/T1/B1/{SECRET}"
QUICKLY = (
    "from fanout.cli import main; from fanout.notify import messages; messages.PAUSE = 0; main()"
)
NOBODY = f"mailto://a:{SECRET}@127.0.0.1:9?to=a@example.org&from=a@example.org"


def told(
    *packs: str, verdict: Verdict = Verdict.REGRESSED, says: str = "A promise."
) -> Announcement:
    answer = Answer.HOLD if packs and verdict is Verdict.REGRESSED else Answer.RELEASE
    turned = tuple(
        Turned(
            pack=pack,
            promise=f"test_{pack}.py::test_a",
            says=f"{pack}: {says}",
            verdict=verdict,
            core="core_v1",
        )
        for pack in packs
    )
    return Announcement.model_validate(
        {
            "request": Request(),
            "answer": answer,
            "headline": f"{answer}: {says}",
            "url": URL,
            "turned": turned,
        }
    )


class Webhook(ThreadingHTTPServer):
    """What Slack would be sent; `answers` are the statuses of the first answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.sent: list[tuple[str, str]] = []
        self.answers: list[int] = []
        self.seconds = 0.0  # before each answer


class Hook(BaseHTTPRequestHandler):
    """One answer."""

    server: Webhook

    def do_GET(self) -> None:
        """Where whoever follows a redirection would think that all is well."""
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.answers.pop(0) if self.server.answers else 200
        threading.Event().wait(self.server.seconds)
        if status == 200:
            said = json.loads(content)
            assert said["mrkdwn"] is False
            (one,) = said["attachments"]
            self.server.sent.append((self.path, f"{one['title']}\n{one['text']}"))
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "2")
        self.end_headers()
        with suppress(BrokenPipeError):
            self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Print nothing."""


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """Where Slack's webhooks lead."""
    with Webhook() as server:
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(NotifySlack, "webhook_url", address)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Post(socketserver.ThreadingTCPServer):
    """A mail server that takes what it is sent, or refuses it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.url = f"mailto://127.0.0.1:{self.server_address[1]}?from=c@example.org&to="
        self.mails: list[str] = []
        self.refuses = False


class Conversation(socketserver.StreamRequestHandler):
    """SMTP, as little of it as a client needs (RFC 5321)."""

    server: Post

    def handle(self) -> None:
        self.say("220 ready")
        while line := self.rfile.readline():
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                self.say("354 go on")
                self.server.mails.append(self.data())
                self.say("250 taken")
            elif verb == b"MAIL" and self.server.refuses:
                self.say("550 no such sender")
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def data(self) -> str:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.decode())
        return "".join(lines)

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def post() -> Iterator[Post]:
    with Post() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "PAUSE", 0.001)
    for name in ("REPO_TOKEN", "APP_ID", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Told]:
    """Tells an answer by `fanout workflow notify`, to each of some lines of addresses."""

    def telling(told: Announcement, *lines: str) -> Told:
        (tmp_path / "announcement.json").write_text(told.model_dump_json(), encoding="utf-8")
        monkeypatch.setenv("NOTIFY_URLS", "\n".join(lines))
        arguments = ["workflow", "notify", str(tmp_path), "--told", str(tmp_path / "told")]
        done = CliRunner().invoke(main, arguments)
        assert SECRET not in done.output
        assert "Traceback" not in done.output, done.output
        return Told(done.exit_code, done.output)

    return telling


Tell = Callable[..., Told]


def test_nothing_changed_is_no_message(tell: Tell, webhook: Webhook, post: Post) -> None:
    """A run that answers release and in which nothing turned disturbs nobody."""
    done = tell(told(), SLACK, f"{post.url}ada@example.org")

    assert (done.code, done.out.count("nothing changed, nothing sent")) == (0, 2)
    assert (webhook.sent, post.mails) == ([], [])


def test_without_an_address_that_is_said(tell: Tell) -> None:
    """What is not configured is left out, and is no failure."""
    done = tell(told("store"))

    assert done.code == 0
    assert "messages were left out: there is no NOTIFY_URLS" in done.out


def test_a_fix_is_news(tell: Tell, webhook: Webhook, post: Post) -> None:
    """What was mended is told, as what broke is; Slack takes the address as it gives it."""
    done = tell(told("store", verdict=Verdict.FIXED), SLACK, f"{post.url}ada@example.org")

    assert done.code == 0, done.out
    assert "line 1 of NOTIFY_URLS, slack: sent\nline 2 of NOTIFY_URLS, mailto: sent\n" in done.out
    ((path, text),) = webhook.sent
    assert path == f"/T1/B1/{SECRET}"
    assert "fixed: store" in text
    assert text.endswith(URL)
    assert "fixed: store" in read(post.mails[0])


def read(mail: str) -> str:
    found = message_from_string(mail, policy=policy.default).get_content()
    assert isinstance(found, str)
    return found


def test_a_run_without_an_answer_is_news(tell: Tell, webhook: Webhook) -> None:
    """That nobody knows is told to everybody, with the reason."""
    unknown = {"answer": Answer.UNKNOWN, "problem": "Core 9 is not on the index"}

    tell(told().model_copy(update=unknown), f"store {SLACK}")

    assert "Core 9 is not on the index" in webhook.sent[0][1]


def test_a_pack_hears_its_own_news(tell: Tell, webhook: Webhook, post: Post) -> None:
    """An address of one pack gets what is of that pack, and nothing if there is none."""
    slack = "https://hooks.slack.com/services/T1/B1"
    lines = [f"store {slack}/store", f"orchestrator {slack}/other", "", f"{slack}/all"]
    mails = [f"store {post.url}a@example.org", f"pipeline {post.url}b@example.org"]

    done = tell(told("store", "pipeline"), *lines, *mails)

    assert "line 2 of NOTIFY_URLS, slack: nothing changed" in done.out
    assert "line 4 of NOTIFY_URLS, slack: sent" in done.out
    to_store, to_all = webhook.sent
    assert to_store[0].endswith("/store")
    assert "pipeline:" not in to_store[1]
    assert "pipeline:" in to_all[1]
    assert "To: a@example.org" in post.mails[0]
    assert "regressed: pipeline" not in read(post.mails[0])
    assert "regressed: pipeline" in read(post.mails[1])


def test_words_of_a_pack_are_only_words(tell: Tell, webhook: Webhook, post: Post) -> None:
    """Nothing mentions, links or is drawn; a mail has no header that a promise wrote."""
    tell(told("store", says=HOSTILE), SLACK, f"{post.url}ada@example.org")

    text = webhook.sent[0][1].replace(URL, "")
    assert "&lt;\u2060!channel" in text
    for markup in ("<", "@here", "](", "://", "*bold", "`code"):
        assert markup not in text
    mail = message_from_string(post.mails[0], policy=policy.default)
    assert mail["Bcc"] is None
    assert mail.get_content_type() == "text/plain"
    assert len(mail.get_all("Subject", [])) == 1
    assert "<!channel>" in read(post.mails[0])


def test_a_thousand_promises_are_a_short_message(tell: Tell, webhook: Webhook) -> None:
    """What does not fit is counted."""
    tell(told(*(f"pack{at}" for at in range(1000))), SLACK)

    ((_, text),) = webhook.sent
    assert "and 980 more" in text
    assert len(text) < 30_100


def test_a_service_is_tried_again(tell: Tell, webhook: Webhook) -> None:
    """After a rate limit or an error of the service the message comes through, once."""
    webhook.answers = [429, 500, 503]

    assert tell(told("store"), SLACK).code == 0
    assert len(webhook.sent) == 1


@pytest.mark.parametrize("status", [404, 403, 302])
def test_a_webhook_that_is_revoked_is_said(tell: Tell, webhook: Webhook, status: int) -> None:
    """What a service refuses ends in exit code 3 and says what to do, and not the address."""
    webhook.answers = [status] * 10

    done = tell(told("store"), SLACK)

    assert done.code == 3
    assert f"line 1 of NOTIFY_URLS, slack took no message: it answers {status}" in done.out


def test_a_service_that_does_not_answer_is_said(
    tell: Tell, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not waited for without end."""
    webhook.seconds = 0.5
    monkeypatch.setattr(messages, "ANSWERING", 0.05)
    monkeypatch.setattr(messages, "TRIES", 2)

    done = tell(told("store"), SLACK)

    assert done.code == 3
    assert "it refuses, or does not answer" in done.out


REFUSED = {
    "no TLS": "mailto://u:p@example.org?to=a@b.org",
    "TLS that is not asked for": "mailtos://u:p@example.org?mode=insecure",
    "another server than it seems": "mailto://127.0.0.1?smtp=example.org&to=a@b.org&from=a@b.org",
    "no certificate": "mailtos://u:p@example.org?verify=no",
    "a failure that does not count": f"{SLACK}?optional=yes",
    "a file to read": "https://discord.com/api/webhooks/1/x?template=/etc/passwd",
    "a key to read": "mailtos://u:p@example.org?pgpprv=/etc/passwd",
    "http": "http://hooks.slack.com/services/T1/B1/x",
    "any https": "https://example.org/x",
    "a file": "file:///etc/passwd",
    "a bus": "dbus://",
    "any service": "json://127.0.0.1",
    "cut": "https://hooks.slack.com/services/T1",
    "no address": "http://[bad",
    "nothing": "nonsense",
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_address_is_one_of_a_few_over_tls(tell: Tell, name: str) -> None:
    """News goes nowhere that others can listen, and an address makes nothing else happen."""
    done = tell(told(), f"{REFUSED[name]}{SECRET if name != 'a bus' else ''}")

    assert done.code == 3
    assert "line 1 of NOTIFY_URLS " in done.out
    assert "and set NOTIFY_URLS anew" in done.out


@pytest.mark.parametrize(
    "address",
    [
        "https://discord.com/api/webhooks/123456789012345678/abcdefghijklmnopqrstuvwxyz",
        "https://prod-1.logic.azure.com:443/workflows/abc/triggers/manual/paths/invoke"
        "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=abc",
        "matrixs://user:password@example.org/#room",
        "mailtos://user:password@smtp.example.org:465?mode=ssl&from=a@example.org&to=b@example.org",
        "mailtos://user:password@gmail.com",
    ],
)
def test_what_a_service_gives_is_an_address(tell: Tell, address: str) -> None:
    """Webhooks of Discord and Teams, a room and a mail server are taken as they are written."""
    done = tell(told(), address)

    assert done.code == 0, done.out
    assert "nothing changed, nothing sent" in done.out


def test_a_mail_server_that_refuses_is_said(tell: Tell, post: Post) -> None:
    """A refusal, or no connection, is an error in words without the password."""
    post.refuses = True

    done = tell(told("store"), f"{post.url}ada@example.org", NOBODY)

    assert done.code == 3
    assert done.out.count("mailto took no message: it refuses, or does not answer") == 2


def test_a_secret_is_in_no_line(tmp_path: Path) -> None:
    """What a process prints, or what it depends on logs, has no part of an address."""
    (tmp_path / "announcement.json").write_text(told("store").model_dump_json(), encoding="utf-8")
    lines = (f"slack://{SECRET}!/b/c", f"slack://a/b/{SECRET}?{SECRET}=1", f"{SECRET}://a", NOBODY)
    done = subprocess.run(
        [sys.executable, "-c", QUICKLY, "workflow", "notify", tmp_path],
        env=os.environ | {"NOTIFY_URLS": "\n".join(lines)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3, done.stderr
    assert [done.stdout.count(f"line {at} of NOTIFY_URLS") for at in (1, 2, 3, 4)] == [1] * 4
    assert SECRET.lower() not in (done.stdout + done.stderr).lower()


def test_a_rerun_tells_only_who_was_not_told(tell: Tell, webhook: Webhook, post: Post) -> None:
    """What failed is told by the next try, what was told is not told again, other news is."""
    lines = (SLACK, f"store {NOBODY}", f"{post.url}ada@example.org")
    for _ in range(2):
        assert tell(told("store"), *lines).code == 3

    assert (len(webhook.sent), len(post.mails)) == (1, 1)
    done = tell(told("store"), SLACK, f"store {post.url}bob@example.org")
    assert "line 1 of NOTIFY_URLS, slack: sent before" in done.out
    assert (done.code, len(post.mails)) == (0, 2)
    tell(told("pipeline"), SLACK)
    assert len(webhook.sent) == 2


def test_people_are_told_before_github(
    tell: Tell, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GitHub that takes nothing keeps no message back."""
    monkeypatch.setenv("REPO_TOKEN", SECRET)
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    hurry(monkeypatch)

    done = tell(told("store"), SLACK)

    assert (done.code, len(webhook.sent)) == (3, 1)
    assert done.out.index("slack: sent") < done.out.index("GitHub cannot be reached")
