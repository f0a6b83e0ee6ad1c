"""Account paths below ``/user/``."""

from django.urls import path

from user import views

urlpatterns = [
    path("", views.SignUpView.as_view(), name="sign-up"),
    path("api/token/", views.LoginView.as_view(), name="token"),
    path("api/token/refresh/", views.RefreshView.as_view(), name="token-refresh"),
    path("me/", views.MeView.as_view(), name="me"),
    path("password/", views.PasswordView.as_view(), name="password"),
    path("logout/", views.LogoutView.as_view(), name="logout"),
]
