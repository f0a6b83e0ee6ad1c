"""Paths below ``/dorm/``."""

from django.urls import path

from dormitory import views

urlpatterns = [
    path("houses/", views.HousesView.as_view(), name="houses"),
    path("question/", views.QuestionView.as_view(), name="questions"),
    path("sorting/", views.SortingView.as_view(), name="sorting"),
    path("sorting/look/", views.LookView.as_view(), name="look"),
    path("myroom/", views.RecordView.as_view(), name="my-room"),
    path("card/", views.CardView.as_view(), name="card"),
    path("card/image/", views.CardImageView.as_view(), name="card-image"),
    path("card/share/", views.CardShareView.as_view(), name="card-share"),
]
