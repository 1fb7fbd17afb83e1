-- `leaked`: a key is set, and its expiry afterwards.
return {
  title = "a key that never expires",
  strategies = {
    { name = "set-then-expire", expect = "leaked",
      update = function(redis)
        redis.call("SET", "session", "data")
        redis.call("EXPIRE", "session", 60)
      end },
    { name = "set-ex", expect = "atomic", reference = true,
      update = function(redis)
        redis.call("SET", "session", "data", "EX", 60)
      end },
  },
}
