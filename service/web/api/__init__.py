"""`/api/v1` for programs. Its operations live in a module per resource; `operation` is what they have in common."""

from __future__ import annotations

from flask import Response
from flask_openapi3.openapi import OpenAPI

from service.actions.change_contact import AddressTaken
from service.actions.enrol_by_hand import NotLetIn
from service.actions.resolve import CannotResolve
from service.actions.settle_referral import NotQualified, Used
from service.actions.settle_task import TaskOver
from service.domain.field import Unfit
from service.domain.referral_ledger import CannotDecide
from service.web.api import (
    contacts,
    deliveries,
    enrolments,
    events,
    forms,
    magnets,
    referral_report,
    referrals,
    sequences,
    suppressions,
    tasks,
    timeline,
)
from service.web.api.docs import describe, docs
from service.web.api.operation import RowConverter, api
from service.web.api.paging import BadCursor
from service.web.api.refusal import cursor_refused, refusal, unfit

# Imported for the routes they make.
OPERATIONS = (
    contacts,
    timeline,
    events,
    sequences,
    enrolments,
    deliveries,
    forms,
    magnets,
    suppressions,
    tasks,
    referrals,
    referral_report,
)


def register(app: OpenAPI) -> None:
    """Add the API and its documentation to the app."""
    describe(app)
    app.url_map.converters["row"] = RowConverter
    app.register_api(api)
    app.register_blueprint(docs)


@api.errorhandler(AddressTaken)
def address_taken(_: AddressTaken) -> Response:
    return refusal("address-taken", "Another contact has this address; change or forget that one first.")


@api.errorhandler(NotLetIn)
def not_let_in(error: NotLetIn) -> Response:
    return refusal("not-let-in", str(error))


@api.errorhandler(CannotResolve)
def cannot_resolve(error: CannotResolve) -> Response:
    return refusal("not-uncertain", str(error))


@api.errorhandler(CannotDecide)
def cannot_decide(error: CannotDecide) -> Response:
    return refusal("too-late", str(error))


@api.errorhandler(Used)
def used(error: Used) -> Response:
    return refusal("code-used", str(error))


@api.errorhandler(NotQualified)
def not_qualified(error: NotQualified) -> Response:
    return refusal("not-qualified", str(error))


@api.errorhandler(TaskOver)
def task_over(error: TaskOver) -> Response:
    return refusal("task-over", str(error))


api.register_error_handler(Unfit, unfit)
api.register_error_handler(BadCursor, cursor_refused)
