#!/usr/bin/env python
"""Django's command line."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A setting is wrong: its name and the reason help, the traceback does not.
        sys.stderr.write(f"ImproperlyConfigured: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
