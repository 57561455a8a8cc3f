"""The worker process: RQ's loop around the one job."""

from __future__ import annotations

from redis import Redis
from rq.serializers import JSONSerializer

from service.bell import open_queue
from service.logs import configure
from workers import process
from workers.queue import CalmWorker, ListedJob

WORKER_TTL = 60  # seconds; how soon Redis forgets a worker that died


def run() -> None:
    """Work until SIGTERM. Raises whatever RQ does not survive; the supervisor starts it again."""
    configure("worker")
    runtime = process.runtime()
    # Its own client: RQ waits on it for minutes, where the others give up in seconds.
    queue = open_queue(Redis.from_url(runtime.settings.redis_url))
    worker = CalmWorker(
        [queue],
        connection=queue.connection,
        job_class=ListedJob,
        serializer=JSONSerializer,
        default_worker_ttl=WORKER_TTL,
        log_job_description=False,
    )
    worker.stopping = process.stopping
    worker.work(with_scheduler=False, logging_level="WARNING")
    runtime.close()
