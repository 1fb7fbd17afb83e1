"""Schedules a job that is due at once."""

from datetime import timedelta
import os

import redis
from rq import Queue

import jobs

with redis.from_url(os.environ["REDIS_URL"]) as server:
    Queue("mail", connection=server).enqueue_in(timedelta(0), jobs.send, 1, job_id="mail-1")
