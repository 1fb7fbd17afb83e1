"""A cache entry for an hour, if nobody has made it: cache.add() as callers do it to act once per hour."""

import os
import sys

import redis
from cachelib.redis import RedisCache

with redis.from_url(os.environ["REDIS_URL"]) as server:
    cache = RedisCache(server, key_prefix="cache:")
    if not cache.add("digest-sent", "2026-01-01", timeout=3600):
        sys.exit("somebody was first")
