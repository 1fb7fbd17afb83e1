"""A scheduler's round: what is due goes to the queue."""

import os

import redis
from rq.scheduler import RQScheduler

with redis.from_url(os.environ["REDIS_URL"]) as server:
    scheduler = RQScheduler(["mail"], connection=server, logging_level="WARNING")
    if scheduler.acquire_locks():
        scheduler.enqueue_scheduled_jobs()
        scheduler.release_locks()
