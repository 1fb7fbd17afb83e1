"""Takes a lock of a minute, without waiting for it, and keeps it."""

import os
import sys

import redis

with redis.from_url(os.environ["REDIS_URL"]) as server:
    if not server.lock("lock:report", timeout=60, blocking=False).acquire(token="holder"):
        sys.exit("the lock is taken")
