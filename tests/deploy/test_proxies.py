"""The proxies that deploy/ configures, in front of the real server: HTTPS, uploads, addresses, files, events."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.conf import settings

from demo.browser import free_port
from portrait.engine.photo.decoding import MAX_BYTES
from tests.deploy import kit
from tests.deploy.kit import SITE, Proxy
from tests.portrait.kit import Workers, wait_for, workers
from tests.portrait.pictures import astronaut, encoded

PROXIES = ["caddy", "nginx"]
WHO = {"username": "luna", "password": "nargles-are-real"}
JSON = {"Content-Type": "application/json", "Accept-Language": "en"}
EDGE = "6f1d2f5e"
FORM = {"Content-Type": f"multipart/form-data; boundary={EDGE}", "Accept-Language": "en"}


@pytest.fixture
def crew(transactional_db: None, houses: None, tmp_path: Path) -> Iterator[Workers]:
    yield from workers(tmp_path)


@pytest.fixture(params=PROXIES)
def school(request: pytest.FixtureRequest, crew: Workers, tmp_path: Path) -> Iterator[Proxy]:
    """The proxy and, behind it, a server with the settings that its configuration names."""
    upstream = free_port()
    crew.spawn(
        ["manage.py", "serve_api", "--port", str(upstream)],
        HTTPS="on",
        NUM_PROXIES="1",
        ALLOWED_HOSTS=SITE,
        SERVE_MEDIA="off",
        THROTTLE_LOGIN_ADDRESS="2/minute",
    )
    with kit.proxy(request.param, tmp_path / "proxy", upstream, Path(settings.MEDIA_ROOT)) as running:
        wait_for(lambda: running.call("/").status == 200, "the server behind the proxy")
        yield running


def form(photo: bytes) -> bytes:
    head = f'--{EDGE}\r\nContent-Disposition: form-data; name="pic"; filename="a.jpg"\r\n\r\n'
    return head.encode() + photo + f"\r\n--{EDGE}--\r\n".encode()


def pieces(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 8192):
        yield body[start : start + 8192]


def test_a_proxy_passes_on_what_the_service_needs_and_nothing_private(school: Proxy) -> None:
    # HTTPS: no redirect to itself, and links with the name of the site.
    page = school.call("/")
    assert "max-age" in page.headers["Strict-Transport-Security"]
    assert school.call("/user/", json.dumps({"fullname": "Luna", **WHO}).encode(), JSON).status == 200
    token = json.loads(school.call("/user/api/token/", json.dumps(WHO).encode(), JSON).body)["access"]
    signed = {**FORM, "Authorization": f"Bearer {token}"}

    # Uploads: whole, in chunks, and above the limits of the service and of the proxy.
    photo = form(encoded(astronaut(), "JPEG"))
    assert school.call("/user/main/", photo, signed).status == 200
    assert school.call("/user/main/", pieces(photo), signed).status == 200
    large = school.call("/user/main/", form(bytes(MAX_BYTES + 1)), signed)
    assert (large.status, json.loads(large.body)["code"]) == (400, "photo_too_large")
    status = json.loads(school.call("/user/portrait/", None, signed).body)
    assert status["portrait"].startswith(f"https://{SITE}")

    # The address of a client is the one that the proxy saw, whatever it says itself.
    failed = [
        school.call(
            "/user/api/token/",
            json.dumps({"username": f"nobody{number}", "password": "wrong"}).encode(),
            {**JSON, "X-Forwarded-For": f"203.0.113.{number}"},
        ).status
        for number in range(3)
    ]
    assert failed == [401, 401, 429]

    # Public files come from the disk, photos not at all.
    media = Path(settings.MEDIA_ROOT)
    for name in ("portraits/abc/1-0f.avif", "crests/1.png", "portraits/abc/1-0f.webp.part", "cards/1.png"):
        (media / name).parent.mkdir(parents=True, exist_ok=True)
        (media / name).write_bytes(b"file")
    portrait = school.call("/media/portraits/abc/1-0f.avif")
    assert (portrait.status, portrait.body) == (200, b"file")
    assert portrait.headers["Content-Type"] == "image/avif"
    assert "immutable" in portrait.headers["Cache-Control"]
    assert portrait.headers["X-Content-Type-Options"] == "nosniff"
    assert school.call("/media/crests/1.png").status == 200
    hidden = next(media.glob("photos/*.jpg")).name
    for path in (
        f"/media/photos/{hidden}",
        f"/media/portraits/../photos/{hidden}",
        f"/media/portraits/%2e%2e/photos/{hidden}",
        f"/media/portraits/abc/..%2f..%2fphotos/{hidden}",
        "/media/cards/1.png",
        "/media/portraits/abc/1-0f.webp.part",
        "/media/portraits/abc/",
    ):
        assert school.call(path).status in (400, 404), path

    # The numbers for the operator end at the proxy, whose answer is no problem document of the service.
    for path in ("/metrics", "/metrics/", "/readyz"):
        refused = school.call(path)
        assert refused.status == 404
        assert "problem" not in (refused.headers["Content-Type"] or ""), path


class Events(BaseHTTPRequestHandler):
    """Sends the second event after the test has received the first one."""

    protocol_version = "HTTP/1.1"
    first_arrived = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for text in (b"data: 1\n\n", b"data: 2\n\n"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
            self.wfile.flush()
            if not self.first_arrived.wait(20):
                return
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.mark.parametrize("name", PROXIES)
def test_events_are_sent_on_one_by_one(name: str, tmp_path: Path) -> None:
    Events.first_arrived.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Events)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with kit.proxy(name, tmp_path / "proxy", server.server_port, tmp_path) as running:
            connection = running.connection()
            connection.request("GET", "/user/portrait/events", headers={"Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            assert answer.readline() == b"data: 1\n"
            Events.first_arrived.set()
            assert answer.read() == b"\ndata: 2\n\n"
            connection.close()
    finally:
        server.shutdown()
        server.server_close()
