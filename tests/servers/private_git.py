"""A git server on this machine whose repositories only who has a right token reads and writes."""

from __future__ import annotations

import base64
import ssl
import subprocess
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"


def certificate(folder: Path) -> Path:
    """A file with a key and a certificate of this machine, for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = folder / "certificate.pem"
    file.write_bytes(key.private_bytes(pem, form, secret) + made.public_bytes(pem))
    return file


class PrivateGit(ThreadingHTTPServer):
    """The repositories in a folder; `tokens` are those that each may be asked for with, by path.

    Who asks has to trust the file `certificate`.
    """

    daemon_threads = True

    def __init__(self, root: Path, tokens: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__((HOST, 0), Answer)
        self.root = root
        self.tokens = tokens
        self.certificate = certificate(root)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"https://{HOST}:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    def lets(self, path: str, authorization: str) -> bool:
        words = {
            base64.b64encode(f"x-access-token:{token}".encode()).decode()
            for name, allowed in self.tokens.items()
            for token in allowed
            if path.startswith(f"/{name}/")
        }
        return authorization.removeprefix("Basic ") in words

    def close(self) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()


class Answer(BaseHTTPRequestHandler):
    """One answer, which git's own program for servers gives (git-http-backend(1))."""

    server: PrivateGit

    def handle_one(self) -> None:
        if not self.server.lets(self.path, self.headers.get("Authorization", "")):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        asked = urlsplit(self.path)
        variables = {
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH_INFO": asked.path,
            "REMOTE_USER": "x",  # whom git lets push
            "QUERY_STRING": asked.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        command = ["git", "-c", "safe.directory=*", "http-backend"]
        done = subprocess.run(
            command, input=sent, env=variables, capture_output=True, check=True
        ).stdout
        head, _, body = done.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in (fields | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = handle_one  # noqa: N815 - inherited names

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - inherited name
        """Print nothing."""
