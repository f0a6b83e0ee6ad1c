"""The student: an account and the record that the sorting and the portrait fill in."""

from __future__ import annotations

import unicodedata
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models.expressions import CombinedExpression
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from user.join_codes import LENGTH, new_code
from user.name_fields import FullnameColumn
from user.name_rules import FULLNAME_LENGTH, USERNAME_LENGTH
from user.passwords import canonical_password
from user.private_pictures import empty_frame, signed_url

CLASS_NAME_LENGTH = 60


class SchoolClass(models.Model):
    """Students who sign up together, with a code that staff hand out."""

    name = models.CharField(_("name"), max_length=CLASS_NAME_LENGTH, unique=True)
    code = models.CharField(_("join code"), max_length=LENGTH, unique=True, default=new_code, editable=False)
    open = models.BooleanField(_("open"), default=True, help_text=_("Whether one can still sign up."))
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("class")
        verbose_name_plural = _("classes")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Makes accounts; used by ``createsuperuser`` and by the sign-up service."""

    use_in_migrations = True

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        """A saved account with a hashed password; without one, the account cannot log in."""
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> User:
        """An account that may do everything in the admin."""
        return self.create_user(username, password, **{**fields, "is_staff": True, "is_superuser": True})


class User(AbstractBaseUser, PermissionsMixin):
    """One student (or member of staff).

    ``house``, ``birthday`` and ``join_date`` are empty until the sorting; ``portrait`` until a moving portrait has
    been made. ``still`` is the private, cropped photo of the portrait that is being made, or of one that failed where
    there is no portrait before it, and else empty. The two halves are filled in by different processes, in either
    order, so every write names the fields it touches.
    """

    username = models.CharField(
        _("username"),
        max_length=USERNAME_LENGTH,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        error_messages={"unique": _("A student with that username already exists.")},
    )
    fullname = FullnameColumn(_("full name"), max_length=FULLNAME_LENGTH)
    # To which a link for a new password may be sent; not shown to others, and several students may share one.
    email = models.EmailField(_("e-mail address"), blank=True, default="", db_default="")
    house = models.ForeignKey(
        "dormitory.House",
        verbose_name=_("house"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="members",
    )
    school_class = models.ForeignKey(
        SchoolClass,
        verbose_name=_("class"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="students",
    )
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    join_date = models.DateField(_("admission day"), null=True, blank=True)
    # Assigned by the sorting and never changed.
    student_number = models.CharField(
        _("student number"), max_length=40, unique=True, null=True, blank=True, editable=False
    )
    # What the student alone sees while a portrait is being made: the cropped photo, or the painted still of it.
    still = models.FileField(_("cropped photo"), max_length=200, blank=True, editable=False)
    portrait = models.FileField(_("moving portrait"), max_length=200, blank=True, editable=False)
    # The portrait's, or, before there is one, the painted still of the first that is being made.
    poster = models.FileField(_("poster"), max_length=200, blank=True, editable=False)
    tile = models.FileField(_("tile"), max_length=200, blank=True, editable=False)
    live = models.FileField(_("live portrait"), max_length=200, blank=True, editable=False)
    # When the portrait that is shown was made or chosen; before the first one, when the student signed up.
    portrait_at = models.DateTimeField(_("portrait since"), default=timezone.now, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    # Counts the sign-outs; an access token that has another number is refused.
    token_version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    date_joined = models.DateTimeField(_("signed up"), default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["fullname"]

    class Meta:
        verbose_name = _("student")
        verbose_name_plural = _("students")
        indexes = [
            # The members of each house in order: counted, and drawn at random, without reading a row.
            models.Index(fields=["house", "id"], condition=models.Q(is_active=True), name="user_members"),
            # The gallery, newest portraits first.
            models.Index(
                fields=["-portrait_at", "-id"], condition=models.Q(is_active=True), name="user_portraits"
            ),
        ]

    def __str__(self) -> str:
        return self.username

    def get_full_name(self) -> str:
        """The name on the card (the admin greets staff with it)."""
        return self.fullname

    def get_short_name(self) -> str:
        return self.fullname

    def set_password(self, raw_password: str | None) -> None:
        """Hash a password in its canonical form; None for an account that cannot log in."""
        super().set_password(None if raw_password is None else canonical_password(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        """Whether it is the student's password, in whichever Unicode form it was typed."""
        if raw_password is None:
            return False
        canonical = canonical_password(raw_password)
        if super().check_password(canonical):
            return True
        # Hashes from before there was a canonical form are those of what was typed.
        return any(
            form != canonical and super(User, self).check_password(form)
            for form in {raw_password, unicodedata.normalize("NFD", raw_password)}
        )

    @staticmethod
    def next_token_version() -> CombinedExpression:
        """For updates: the number that refuses the access tokens issued so far."""
        return models.F("token_version") + 1

    @property
    def picture(self) -> str:
        """The URL path of what everybody may see: the last finished portrait, a painting, or an empty frame."""
        shown = self.portrait or self.poster
        return shown.url if shown else empty_frame()

    @property
    def small_picture(self) -> str:
        """``picture`` for lists: the portrait's tile where it has one."""
        return self.tile.url if self.tile else self.picture

    @property
    def live_portrait(self) -> str:
        """The URL path of the portrait's live file; ``""`` where it has none."""
        return self.live.url if self.live else ""

    @property
    def photographed(self) -> bool:
        """Whether there is a portrait, or a photo for the first one."""
        return bool(self.still or self.portrait)

    @property
    def own_picture(self) -> str:
        """The URL path of what the student sees: of a portrait that is being made the photo, and then the painted
        still; else ``picture``."""
        return signed_url(str(self.still.name)) if self.still else self.picture

    @property
    def resting_picture(self) -> str:
        """``picture`` without motion: the portrait's poster (``""`` where it has none), else an empty frame."""
        if self.portrait or self.poster:
            return self.poster.url if self.poster else ""
        return empty_frame()
