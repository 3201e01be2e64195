"""Slack and email: only what changed, to whom it concerns, and nothing that could fool a reader."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fanout.errors import UnusableInput
from fanout.model import Answer, Verdict
from fanout.notify import mail, slack
from fanout.notify.announcement import Announcement, Request, Turned
from fanout.notify.tidings import Told

URL = "https://github.com/owner/contracts/actions/runs/1"
HOSTILE = "<!channel> <https://example.org|here> *bold* `code` & @here\r\nBcc: eve@example.org"
SECRET = "not-to-be-seen"  # noqa: S105 - nobody's


def told(
    *packs: str, verdict: Verdict = Verdict.REGRESSED, says: str = "A promise."
) -> Announcement:
    answer = Answer.HOLD if packs and verdict is Verdict.REGRESSED else Answer.RELEASE
    turned = tuple(
        Turned(
            pack=pack,
            owner="them",
            promise="test_a.py::test_a",
            says=f"{pack}: {says}",
            verdict=verdict,
            core_ref="core_v1",
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
        self.url = f"http://127.0.0.1:{self.server_port}/{SECRET}"
        self.sent: list[tuple[str, str]] = []
        self.answers: list[int] = []


class Hook(BaseHTTPRequestHandler):
    """One answer."""

    server: Webhook

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.answers.pop(0) if self.server.answers else 200
        if status == 200:
            self.server.sent.append((self.path, json.loads(content)["text"]))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
        """Print nothing."""


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as server:
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
        self.url = f"smtp://127.0.0.1:{self.server_address[1]}"
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


def send(post: Post, announcement: Announcement, to: str) -> str:
    return mail.tell(announcement, post.url, to, "contracts@example.org")


def test_nothing_changed_is_no_message(webhook: Webhook, post: Post) -> None:
    """A run that answers release and in which nothing turned disturbs nobody."""
    assert "nothing sent" in slack.tell(told(), webhook.url)
    assert "none sent" in send(post, told(), "ada@example.org")
    assert (webhook.sent, post.mails) == ([], [])


def test_a_fix_is_news(webhook: Webhook, post: Post) -> None:
    """What was mended is told, as what broke is."""
    slack.tell(told("store", verdict=Verdict.FIXED), webhook.url)
    send(post, told("store", verdict=Verdict.FIXED), "ada@example.org")

    assert "fixed: store" in webhook.sent[0][1]
    assert "fixed: store" in post.mails[0]


def test_a_run_without_an_answer_is_news(webhook: Webhook) -> None:
    """That nobody knows is told to everybody, with the reason."""
    unknown = {"answer": Answer.UNKNOWN, "problem": "Core 9 is not on the index"}

    slack.tell(told().model_copy(update=unknown), f"store {webhook.url}")

    assert "Core 9 is not on the index" in webhook.sent[0][1]


def test_a_pack_hears_its_own_news(webhook: Webhook, post: Post) -> None:
    """An address of one pack gets what is of that pack, and nothing if there is none."""
    news = told("store", "pipeline")
    lines = f"store {webhook.url}/store\norchestrator {webhook.url}/orchestrator\n{webhook.url}/all"

    assert slack.tell(news, lines) == "Slack: 2 messages"
    assert send(post, news, "store a@example.org\npipeline b@example.org") == "email: 2 mails"

    to_store, to_all = webhook.sent
    assert to_store[0].endswith("/store")
    assert "pipeline:" not in to_store[1]
    assert "pipeline:" in to_all[1]
    assert "To: a@example.org" in post.mails[0]
    assert "regressed: pipeline" not in post.mails[0]


def test_words_of_a_pack_are_only_words(webhook: Webhook, post: Post) -> None:
    """In Slack nothing mentions or links; a mail has no header that a promise wrote."""
    slack.tell(told("store", says=HOSTILE), webhook.url)
    send(post, told("store", says=HOSTILE), "ada@example.org")

    text = webhook.sent[0][1]
    assert text.count("<") == 1
    assert text.endswith(f"<{URL}|The run>")
    assert "&lt;!channel&gt;" in text
    headers = post.mails[0].split("\r\n\r\n")[0]
    assert "\r\nBcc:" not in headers
    assert headers.count("Subject:") == 1


def test_a_thousand_promises_are_a_short_message(webhook: Webhook) -> None:
    """What does not fit is counted."""
    slack.tell(told(*(f"pack{at}" for at in range(1000))), webhook.url)

    assert "and 980 more" in webhook.sent[0][1]
    assert len(webhook.sent[0][1]) < 30_100


def test_slack_is_tried_again(webhook: Webhook) -> None:
    """After a rate limit or an error of Slack the message comes through, once."""
    webhook.answers = [429, 500, 503]

    slack.tell(told("store"), webhook.url, backoff=0.001)

    assert len(webhook.sent) == 1


@pytest.mark.parametrize("status", [404, 403, 302])
def test_a_webhook_that_is_revoked_is_said(webhook: Webhook, status: int) -> None:
    """What Slack refuses is an error that says what to do, and not the address."""
    webhook.answers = [status] * 10

    with pytest.raises(UnusableInput, match=str(status)) as refused:
        slack.tell(told("store"), webhook.url, backoff=0.001)

    assert SECRET not in refused.value.what + refused.value.hint


@pytest.mark.parametrize("address", ["http://example.org/x", "ftp://example.org", "nonsense"])
def test_a_webhook_is_https(address: str) -> None:
    """News goes nowhere that others can listen."""
    with pytest.raises(UnusableInput, match="no https address"):
        slack.tell(told("store"), address)


def test_a_slack_that_is_not_there_is_said() -> None:
    """A refused connection is an error in words."""
    with pytest.raises(UnusableInput, match="Slack cannot be reached"):
        slack.tell(told("store"), f"http://127.0.0.1:9/{SECRET}", backoff=0.001)


def test_a_mail_is_the_same_when_it_is_sent_again(post: Post) -> None:
    """A rerun's mail has the first one's id, and the mails about one Core ref are one thread."""
    for _ in range(2):
        send(post, told("store"), "ada@example.org")

    ids = [next(x for x in one.splitlines() if x.startswith("Message-ID")) for one in post.mails]
    assert ids[0] == ids[1]
    assert all("References: <" in one for one in post.mails)


@pytest.mark.parametrize(
    "server", ["", "example.org", "https://example.org", "smtp://", "smtp://host:port"]
)
def test_what_is_no_mail_server_is_refused(server: str) -> None:
    """The message shows what to set instead, and no password."""
    with pytest.raises(UnusableInput, match="no address of a mail server") as refused:
        mail.tell(told("store"), server, "ada@example.org", "x@example.org")

    assert "smtps://" in refused.value.hint


def test_a_mail_server_that_refuses_is_said(post: Post) -> None:
    """A refusal, or no connection, is an error in words without the password."""
    post.refuses = True
    with pytest.raises(UnusableInput, match="took no mail"):
        send(post, told("store"), "ada@example.org")

    with pytest.raises(UnusableInput, match="took no mail") as refused:
        mail.tell(told("store"), f"smtp://a:{SECRET}@127.0.0.1:9", "ada@example.org", "x@y.org")
    assert SECRET not in refused.value.what + refused.value.hint


def test_a_rerun_tells_only_who_was_not_told(webhook: Webhook, post: Post, tmp_path: Path) -> None:
    """What failed is told by the next try, and what was told is not told again."""
    news, there = told("store"), f"{webhook.url}\nstore http://127.0.0.1:9/{SECRET}"
    for _ in range(2):
        with pytest.raises(UnusableInput, match="Slack cannot be reached"):
            slack.tell(news, there, Told(news, tmp_path), backoff=0.001)
        mail.tell(news, post.url, "a@example.org", "x@example.org", Told(news, tmp_path))

    assert (len(webhook.sent), len(post.mails)) == (1, 1)
    assert slack.tell(news, webhook.url, Told(news, tmp_path)).endswith("the others before")
    slack.tell(told("pipeline"), webhook.url, Told(told("pipeline"), tmp_path))
    assert len(webhook.sent) == 2
