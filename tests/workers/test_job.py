"""What a job does where there is nothing for it to do."""

from __future__ import annotations

import threading

from service.runtime import Runtime
from service.settings import Settings
from workers.job import run


def test_before_the_first_publication_a_job_has_nothing_to_do_and_has_not_failed(settings: Settings) -> None:
    runtime = Runtime(settings)
    assert run(runtime, threading.Event()) == 0
    runtime.close()
