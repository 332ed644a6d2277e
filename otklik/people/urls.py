"""Addresses of customers and their orders."""

from __future__ import annotations

from django.urls import path

from otklik.people.views import card, customers, orders

urlpatterns = [
    path("customers/", customers.index, name="people"),
    path("customers/new", customers.new, name="people-new"),
    path("customers/orders/import", orders.upload, name="orders-import"),
    path("customers/orders/import/run", orders.run, name="orders-import-run"),
    path("customers/orders/import/<int:job_id>/", orders.job_page, name="orders-import-job"),
    path("customers/orders/import/<int:job_id>/stop", orders.stop, name="orders-import-stop"),
    path("customers/orders/import/<int:job_id>/proceed", orders.proceed, name="orders-import-proceed"),
    path("customers/orders/import/<int:job_id>/errors", orders.error_file, name="orders-import-errors"),
    path("customers/merges/<int:merge_id>/undo", customers.unmerge, name="people-unmerge"),
    path(
        "customers/identities/<int:identity_id>/remove", card.remove_identity, name="people-identity-remove"
    ),
    path("customers/removals/<int:removal_id>/undo", card.restore_identity, name="people-identity-restore"),
    path("customers/identities/<int:identity_id>/split", card.split_identity, name="people-identity-split"),
    path("customers/<int:customer_id>/", customers.page, name="people-page"),
    path("customers/<int:customer_id>/card", card.card, name="people-card"),
    path("customers/<int:customer_id>/handling", card.handling, name="people-handling"),
    path("customers/<int:customer_id>/details", card.details, name="people-details"),
    path("customers/<int:customer_id>/identities", card.add_identity, name="people-identity-add"),
    path("customers/<int:customer_id>/merge", customers.merge_choice, name="people-merge-choice"),
    path("customers/<int:customer_id>/merge/run", customers.merge, name="people-merge"),
    path("customers/<int:customer_id>/apart", customers.keep_apart, name="people-apart"),
]
