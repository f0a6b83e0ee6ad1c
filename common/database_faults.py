"""What is answered while the database is away, locked beyond its timeout, or full: 503 with Retry-After."""

from __future__ import annotations
