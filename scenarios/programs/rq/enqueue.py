"""Puts a job into the queue."""

import os

import redis
from rq import Queue

import jobs

with redis.from_url(os.environ["REDIS_URL"]) as server:
    Queue("mail", connection=server).enqueue(jobs.send, 1, job_id="mail-1")
