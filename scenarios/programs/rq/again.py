"""The same again, in one process: a job is put into the queue, and done."""

import os

import redis
from rq import Queue

import jobs
from survivors import work

with redis.from_url(os.environ["REDIS_URL"]) as server:
    Queue("mail", connection=server).enqueue(jobs.send, 1, job_id="mail-1")
    work(server)
