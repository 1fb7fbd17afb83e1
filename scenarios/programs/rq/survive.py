"""What comes after a dead worker, in one process: the next worker in burst mode, whose clean-up finds what has been
abandoned; `rq requeue --all`; and a worker that does what was put back.

These workers do not listen for commands that somebody may send them: nobody does, and the thread for it ends only when
its poll of 0.2 s does."""

import os

import redis
from rq import Queue, Worker


class Survivor(Worker):
    def subscribe(self):
        pass

    def unsubscribe(self):
        pass


def work(server):
    Survivor(["mail"], connection=server).work(burst=True, logging_level="WARNING")


with redis.from_url(os.environ["REDIS_URL"]) as server:
    work(server)
    failed = Queue("mail", connection=server).failed_job_registry
    for job in failed.get_job_ids():
        failed.requeue(job)
    work(server)
