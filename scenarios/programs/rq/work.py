"""A worker in burst mode: cleans the registries, does what is in the queue, each job in a fork, and ends."""

import os

import redis
from rq import Worker

with redis.from_url(os.environ["REDIS_URL"]) as server:
    Worker(["mail"], connection=server).work(burst=True, logging_level="WARNING")
