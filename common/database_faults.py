"""What is answered while the database is away, locked beyond its timeout, or full: 503 with Retry-After."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connections
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from common.problems import DATABASE_FAULTS, RETRY_SECONDS, problem_response
