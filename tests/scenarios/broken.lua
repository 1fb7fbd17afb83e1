-- What no residue shows, because it is gone once time has passed: a lock of a day, where a minute is
-- tolerated.
return {
  title = "invariants",
  params = { ttl = 60 },
  tolerate = "ttl",
  invariants = {
    lapses = expires("lock:*", "ttl"),
  },
  strategies = {
    { name = "a-day-first", expect = { "leaked", "broken" },
      update = function(redis, p)
        redis.call("SET", "lock:1", "me", "EX", 86400)
        redis.call("EXPIRE", "lock:1", p.ttl)
      end },
    { name = "at-once", expect = "atomic", reference = true,
      update = function(redis, p) redis.call("SET", "lock:1", "me", "EX", p.ttl) end },
  },
}
