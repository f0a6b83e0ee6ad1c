"""The student who waits sees the painted still as soon as it is announced, before the film."""

from __future__ import annotations

from collections.abc import Callable

from demo.browser import School
from tests.web.kit import PORTRAIT_TIMEOUT, Visitor, astronaut

STUDENT = "demo1-00002"
OF = f'job = PortraitJob.objects.filter(student__username="{STUDENT}").latest("id")'

# The state between the still and the film, held for the length of a lease that no worker has.
PAINT = f"""
import io
from datetime import timedelta
from django.db.models import F
from django.utils import timezone
from PIL import Image
from common.storage import media
from portrait.choices import PREVIEWS_DIR
from portrait.files import result_name
from portrait.models import PortraitJob
from portrait.queue import transitions
from portrait.queue.transitions import LEASE_SECONDS
{OF}
now = timezone.now()
PortraitJob.objects.filter(pk=job.pk).update(
    state="running", lease=F("lease") + 1, lease_expires_at=now + timedelta(seconds=LEASE_SECONDS), started_at=now,
    stage="animating", progress=0.3, finished_at=None, webp="", avif="", gif="", mp4="", poster="", tile="",
)
job.refresh_from_db()
painted = io.BytesIO()
Image.open(PREVIEWS_DIR / "styles" / "starry-night.jpg").save(painted, "PNG")
name = result_name(job.key, job.lease, "png")
media().write(name, painted.getvalue())
assert transitions.show_still(job, name)
"""
CANCEL = f"""
from portrait.models import PortraitJob
from portrait.queue import transitions
{OF}
assert transitions.cancel(job.student_id)
"""


def test_the_painted_still_is_shown_while_the_film_is_being_made(
    school: School, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    visitor.sign_in(STUDENT)
    visitor.walk("#/photo")
    visitor.send_photo(astronaut())
    school.manage("shell", "-c", PAINT)
    visitor.walk("#/reveal")

    painting = page.locator(".reveal-frame.painting img[src$='.png']")
    painting.wait_for(timeout=PORTRAIT_TIMEOUT)
    assert page.locator(".reveal-portrait progress, .reveal-portrait [role=progressbar]").first.is_visible()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=painting.element_handle())
    visitor.look("painted-still")

    # Without a film the painting goes, and the photo is seen again.
    school.manage("shell", "-c", CANCEL)
    painting.wait_for(state="detached")
    page.locator(".reveal-frame img[src*='/user/portrait/photo/']").wait_for()
