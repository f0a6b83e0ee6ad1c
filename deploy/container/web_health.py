"""The health check of the web container: exits with 1 unless ``/healthz`` answers 200."""

from __future__ import annotations

import http.client
import sys

try:
    connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=4)
    connection.request("GET", "/healthz")
    status = connection.getresponse().status
except OSError as error:
    sys.exit(f"the server does not answer: {error}")
sys.exit(0 if status == 200 else f"/healthz answered {status}")
