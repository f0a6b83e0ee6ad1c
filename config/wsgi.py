"""The WSGI entry point that gunicorn serves."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# With this status gunicorn stops; with others it starts the worker again and again.
BOOT_ERROR = 3

try:
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    # A setting is wrong: its name and the reason help, the traceback does not.
    sys.stderr.write(f"ImproperlyConfigured: {error}\n")
    sys.exit(BOOT_ERROR)
