-- `broken` alone: what no residue shows, because it is gone once time has passed, and what is as it
-- was before or after, and yet wrong beside something else.
return {
  title = "invariants",
  params = { ttl = 60 },
  invariants = {
    lapses = expires("lock:*", "ttl"),
  },
  strategies = {
    { name = "a-day-first", expect = "broken",
      update = function(redis, p)
        redis.call("SET", "lock:1", "me", "EX", 86400)
        redis.call("EXPIRE", "lock:1", p.ttl)
      end },
    { name = "at-once", expect = "atomic", reference = true,
      update = function(redis, p) redis.call("SET", "lock:1", "me", "EX", p.ttl) end },
  },
}
