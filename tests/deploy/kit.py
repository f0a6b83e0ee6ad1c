"""Real proxies in front of a server on this machine, with the configuration that ships and other ports and paths."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.browser import free_port
from tests.paths import ROOT
from tests.portrait.kit import wait_for

SITE = "school.example"
# What surrounds a site in nginx's own configuration; root, because a test's folders are closed to other users.
NGINX = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""
# Certificates of Caddy's own authority, and ports that need no privileges.
CADDY = """{{
	admin off
	local_certs
	skip_install_trust
	auto_https disable_redirects
	https_port {port}
	storage file_system {folder}/caddy
"""


class _Connection(http.client.HTTPSConnection):
    """A connection to this machine that asks for the name of the site."""

    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        context = ssl._create_unverified_context()
        self.sock = context.wrap_socket(plain, server_hostname=SITE)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass(frozen=True)
class Proxy:
    port: int

    def connection(self) -> http.client.HTTPSConnection:
        return _Connection(SITE, self.port)

    def call(
        self, path: str, data: bytes | Iterator[bytes] | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """GET, or POST with ``data``, which is sent in chunks where it is an iterator."""
        connection = self.connection()
        connection.request("GET" if data is None else "POST", path, data, headers or {})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return Answer(answer.status, answer.headers, body)


def _nginx(folder: Path, port: int, upstream: int, media: Path) -> list[str]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", f"/CN={SITE}", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    site = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for pattern, replacement in (
        (r"listen \[::\]:.*;", ""),
        (r"listen 80;", f"listen 127.0.0.1:{free_port()};"),
        (r"listen 443 ", f"listen 127.0.0.1:{port} "),
        (r"ssl_certificate /.*;", f"ssl_certificate {certificate};"),
        (r"ssl_certificate_key /.*;", f"ssl_certificate_key {key};"),
        (r"server 127.0.0.1:8000;", f"server 127.0.0.1:{upstream};"),
        (r"/var/lib/portraits/media", str(media)),
    ):
        site, count = re.subn(pattern, replacement, site)
        assert count, f"deploy/nginx.conf has no {pattern}"
    (folder / "site.conf").write_text(site)
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user))
    return ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _caddy(folder: Path, port: int) -> list[str]:
    site = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")
    text = re.sub(r"^\{\n", CADDY.format(folder=folder, port=port), site, count=1, flags=re.MULTILINE)
    assert text != site
    (folder / "Caddyfile").write_text(text)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@contextmanager
def proxy(name: str, folder: Path, upstream: int, media: Path) -> Iterator[Proxy]:
    """``nginx`` or ``caddy`` in front of port ``upstream``; skips the test where it is not installed."""
    if shutil.which(name) is None:
        pytest.skip(f"there is no {name}")
    port = free_port()
    folder.mkdir()
    command = _caddy(folder, port) if name == "caddy" else _nginx(folder, port, upstream, media)
    environment = {
        **os.environ,
        "SITE": SITE,
        "WEB": f"127.0.0.1:{upstream}",
        "MEDIA": str(media),
        "HOME": str(folder),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    running = Proxy(port)

    def listens() -> bool:
        assert process.poll() is None, (folder / "log").read_text()
        try:
            connection = running.connection()
            connection.connect()
            connection.close()
            return True
        except OSError:
            return False

    try:
        wait_for(listens, name)
        yield running
    finally:
        process.terminate()
        process.wait(20)
