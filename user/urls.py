"""Account paths below ``/user/``."""

from django.urls import path

from user import recovery_views, views

urlpatterns = [
    path("", views.SignUpView.as_view(), name="sign-up"),
    path("api/token/", views.LoginView.as_view(), name="token"),
    path("api/token/refresh/", views.RefreshView.as_view(), name="token-refresh"),
    path("me/", views.MeView.as_view(), name="me"),
    path("password/", views.PasswordView.as_view(), name="password"),
    path("recovery/", recovery_views.RecoveryView.as_view(), name="recovery"),
    path("recovery/password/", recovery_views.RecoveredView.as_view(), name="recovered"),
    path("logout/", views.LogoutView.as_view(), name="logout"),
]
