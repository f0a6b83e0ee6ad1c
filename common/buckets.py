"""A bucket of an S3 storage, and signed addresses of the objects in it (AWS Signature Version 4, query string).

The addresses are signed here and not by boto3, which takes half a millisecond for each: a page may have hundreds. The
same address is given out for ``STEP`` seconds, so that browsers keep what they have loaded.
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
import time
import zlib
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
# Seconds. An address is valid for LIFETIME from the beginning of its step, thus for LIFETIME - STEP at least. Servers
# accept a LIFETIME of seven days at most.
STEP = 3 * 86400
LIFETIME = 6 * 86400
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True)
class Bucket:
    """Where the objects are and who may read and write them.

    ``endpoint`` is the server's address without the bucket; ``location`` a prefix of all names, or empty.
    ``virtual_host``: the bucket's name is a part of the host name and not of the path.
    """

    name: str
    endpoint: str
    region: str
    key_id: str
    secret: str = field(repr=False)
    location: str = ""
    virtual_host: bool = False

    @cached_property
    def prefix(self) -> str:
        """What all names of objects begin with: empty, or with a slash at its end."""
        return f"{self.location}/" if self.location else ""

    @cached_property
    def host(self) -> str:
        """The host of the objects' addresses, with a port unless it is that of the scheme."""
        parts = urlsplit(self.endpoint)
        host = parts.netloc.removesuffix(_DEFAULT_PORTS[parts.scheme])
        return f"{self.name}.{host}" if self.virtual_host else host

    @cached_property
    def origin(self) -> str:
        """Scheme and host of the objects' addresses."""
        return f"{urlsplit(self.endpoint).scheme}://{self.host}"

    @cached_property
    def _folder(self) -> str:
        base = urlsplit(self.endpoint).path.rstrip("/")
        return f"{base}/" if self.virtual_host else f"{base}/{self.name}/"

    def path(self, name: str) -> str:
        """The escaped path of the object that is called ``name`` after the prefix."""
        return self._folder + quote(self.prefix + name, safe="/~")


def signed_url(bucket: Bucket, name: str) -> str:
    """The address under which anybody can read the object, for ``LIFETIME - STEP`` seconds at least."""
    # Each name begins its steps at a time of its own, so that browsers do not load all pictures again at once.
    shift = zlib.crc32(name.encode()) % STEP
    start = (int(time.time()) + shift) // STEP * STEP - shift
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(start))
    day = moment[:8]
    scope = f"{day}/{bucket.region}/s3/aws4_request"
    path = bucket.path(name)
    query = (
        f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={quote(f'{bucket.key_id}/{scope}', safe='')}"
        f"&X-Amz-Date={moment}&X-Amz-Expires={LIFETIME}&X-Amz-SignedHeaders=host"
    )
    request = f"GET\n{path}\n{query}\nhost:{bucket.host}\n\nhost\nUNSIGNED-PAYLOAD"
    text = f"{ALGORITHM}\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(_signing_key(bucket, day), text.encode(), hashlib.sha256).hexdigest()
    return f"{bucket.origin}{path}?{query}&X-Amz-Signature={signature}"


@lru_cache(maxsize=16)
def _signing_key(bucket: Bucket, day: str) -> bytes:
    key = f"AWS4{bucket.secret}".encode()
    for part in (day, bucket.region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
