-- How far off an expiry may be, the old state and the reference say, and no other strategy.
return {
  title = "a lock that is lengthened",
  strategies = {
    { name = "longer", expect = "safe",
      update = function(redis)
        redis.call("SET", "lock", "me", "EX", 60)
        redis.call("EXPIRE", "lock", 9000)
      end },
    { name = "shorter", expect = "atomic",
      update = function(redis)
        redis.call("SET", "lock", "me", "EX", 60)
        redis.call("EXPIRE", "lock", 10)
      end },
    { name = "right", expect = "atomic", reference = true,
      update = function(redis) redis.call("SET", "lock", "me", "EX", 60) end },
  },
}
