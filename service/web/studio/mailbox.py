"""`/mailbox`: the letters that the development mailbox received, as they arrive, and each person's story in them.

It shows everybody's mail, so only a browser on this machine may read it. What a mail contains is never trusted: its
HTML lives in a sandboxed frame without scripts, and no address of a person stands in a URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from itertools import groupby
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, jsonify, make_response, render_template, request, send_file, url_for
from sqlalchemy.exc import SQLAlchemyError

from service.local.home import Home
from service.runtime import NothingPublished
from service.settings import LOOPBACK
from service.store.journey import shifted_now
from service.web.current import current_runtime
from service.web.network import is_local
from service.web.security import content_policy
from service.web.studio.maildir import Mail, Summary, find, read_mail, read_summaries

PAGE = 100  # letters
PEOPLE = 30  # in the row of people
SHOWN_SOURCE = 200_000  # characters; the whole is a download
SHOWN_TEXT = 500_000

View = Literal["letter", "text", "headers", "source"]

# A mail's own pictures may come from anywhere, as in any mail program; nothing else may.
LETTER_POLICY = (
    "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; font-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
IN_A_NEW_TAB = '<base target="_blank">'

mailbox = Blueprint(
    "mailbox",
    __name__,
    url_prefix="/mailbox",
    template_folder="templates",
    static_folder="static/mailbox",
    static_url_path="/static",
)
