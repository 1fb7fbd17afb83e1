"""What comes after a dead worker, in one process: the next worker, whose clean-up finds what has been abandoned; `rq
requeue --all`; and a worker that does what was put back."""

import os

import redis
from rq import Queue

from survivors import work

with redis.from_url(os.environ["REDIS_URL"]) as server:
    work(server)
    failed = Queue("mail", connection=server).failed_job_registry
    for job in failed.get_job_ids():
        failed.requeue(job)
    work(server)
