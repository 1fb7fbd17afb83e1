"""What a job does to the world: a counter of its own says how often it was done."""

import os

import redis


def send(number):
    with redis.from_url(os.environ["REDIS_URL"]) as server:
        server.incr(f"done:{number}")
