"""Readers of the settings of ``MEDIA_STORAGE=s3``; they raise ImproperlyConfigured with one line, without secrets."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from common.buckets import Bucket
from config.values import choice, env

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[A-Za-z0-9-]+")
_LOCATION = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
# What :func:`bucket` reads, with the defaults.
VARIABLES = {
    "AWS_STORAGE_BUCKET_NAME": "",
    "AWS_ACCESS_KEY_ID": "",
    "AWS_SECRET_ACCESS_KEY": "",
    "AWS_S3_ENDPOINT_URL": "",
    "AWS_S3_REGION_NAME": "",
    "AWS_LOCATION": "",
    "AWS_S3_ADDRESSING_STYLE": "auto",
}
_NEEDED = ("AWS_STORAGE_BUCKET_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
# What servers other than Amazon's take where no region is named.
_ANY_REGION = "us-east-1"


def bucket() -> Bucket:
    """The bucket that the ``AWS_*`` variables name. Raises ImproperlyConfigured."""
    endpoint = web_address("AWS_S3_ENDPOINT_URL")
    needed = _NEEDED if endpoint else (*_NEEDED, "AWS_S3_REGION_NAME")
    if missing := [name for name in needed if not _text(name)]:
        verb = "is" if len(missing) == 1 else "are"
        without = " (or AWS_S3_ENDPOINT_URL)" if "AWS_S3_REGION_NAME" in missing else ""
        raise ImproperlyConfigured(f"MEDIA_STORAGE=s3: {', '.join(missing)}{without} {verb} missing")
    region = _checked("AWS_S3_REGION_NAME", _REGION, "a region such as eu-central-1") or _ANY_REGION
    name = _checked("AWS_STORAGE_BUCKET_NAME", _BUCKET, "the name of a bucket: lower case, digits, . and -")
    styles = ("auto", "path", "virtual")
    style = choice("AWS_S3_ADDRESSING_STYLE", styles, VARIABLES["AWS_S3_ADDRESSING_STYLE"])
    return Bucket(
        name=name,
        endpoint=endpoint or f"https://s3.{region}.amazonaws.com",
        region=region,
        key_id=_text("AWS_ACCESS_KEY_ID"),
        secret=_text("AWS_SECRET_ACCESS_KEY"),
        location=_checked("AWS_LOCATION", _LOCATION, "a prefix such as school or school/media"),
        # A certificate for *.s3.amazonaws.com does not fit a bucket with a dot in its name.
        virtual_host=style == "virtual" or (style == "auto" and not endpoint and "." not in name),
    )


def web_address(name: str) -> str:
    """An http(s) address without a query and without a slash at its end; empty where the variable is not set."""
    text = _text(name).rstrip("/")
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        usable = (
            parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) and not parts.username
        )
    except ValueError:
        usable = False
        parts = urlsplit("")
    if not usable or parts.query or parts.fragment or re.search(r"[\s\"'<>;,]", text):
        raise ImproperlyConfigured(f"{name}={text!r}: write an address such as https://files.example")
    return text


def _text(name: str) -> str:
    return str(env.str(name, default="")).strip()


def _checked(name: str, form: re.Pattern[str], words: str) -> str:
    """The variable, which is empty or of that form. Raises ImproperlyConfigured."""
    text = _text(name)
    if text and (not form.fullmatch(text) or ".." in text):
        raise ImproperlyConfigured(f"{name}={text!r}: {words} is needed")
    return text
