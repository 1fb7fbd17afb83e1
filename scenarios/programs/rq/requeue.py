"""What `rq requeue --all` does: failed jobs, as those that a dead worker had begun, go back to the queue."""

import os

import redis
from rq import Queue

with redis.from_url(os.environ["REDIS_URL"]) as server:
    failed = Queue("mail", connection=server).failed_job_registry
    for job in failed.get_job_ids():
        failed.requeue(job)
