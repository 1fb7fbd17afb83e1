-- `torn`, and nothing later: two fields of a hash that expires are changed one after the other.
return {
  title = "half old and half new, until it expires",
  before = function(redis)
    redis.call("HSET", "pair", "a", "old", "b", "old")
    redis.call("EXPIRE", "pair", 60)
  end,
  strategies = {
    { name = "field-by-field", expect = "safe",
      update = function(redis)
        redis.call("HSET", "pair", "a", "new")
        redis.call("HSET", "pair", "b", "new")
      end },
    { name = "both", expect = "atomic", reference = true,
      update = function(redis)
        redis.call("HSET", "pair", "a", "new", "b", "new")
      end },
  },
}
