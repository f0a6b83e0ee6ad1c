"""What the admin pages of portraits and of own paintings share: the state and the error of queued work."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from common.admin import EMPTY, badge
from portrait.models import QueuedWork


class QueuedWorkColumns:
    """Columns of a :class:`QueuedWork` row."""

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, work: QueuedWork) -> SafeString:
        label = badge(work.get_state_display(), work.state)
        if work.state != QueuedWork.State.RUNNING:
            return label
        bar = '{} <progress max="1" value="{}"></progress> <span class="school-stage">{}</span>'
        return format_html(bar, label, f"{work.progress:.3f}", work.stage)


def error_text(work: QueuedWork, explanation: str = "") -> SafeString | str:
    """The code and the detail of what went wrong, and a sentence."""
    if not work.error_code:
        return EMPTY
    text = format_html("<strong>{}</strong> {}", work.error_code, work.error_detail)
    return format_html("{}<br>{}", text, explanation) if explanation else text
