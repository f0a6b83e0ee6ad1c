"""``{% portrait_queue %}``: the state of the portrait queue, on the front page of the admin."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from portrait.queue.overview import queue_overview

register = template.Library()


@register.inclusion_tag("admin/portrait/queue.html", takes_context=True)
def portrait_queue(context: Context) -> dict[str, Any]:
    """One line with counts and faults; nothing for staff who may not view portrait jobs."""
    allowed = context["request"].user.has_perm("portrait.view_portraitjob")
    return {"queue": queue_overview() if allowed else None}
