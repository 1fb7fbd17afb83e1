-- `mixed`: a record and its index are changed one after the other, or a value is changed by way of
-- one that is neither old nor new.
return {
  title = "part old and part new, for good",
  before = function(redis)
    redis.call("MSET", "record", "old", "index", "old")
  end,
  strategies = {
    { name = "one-by-one", expect = "mixed",
      update = function(redis)
        redis.call("SET", "record", "new")
        redis.call("SET", "index", "new")
      end },
    { name = "piece-by-piece", expect = "mixed",
      update = function(redis)
        redis.call("MSET", "record", "n", "index", "new")
        redis.call("APPEND", "record", "ew")
      end },
    { name = "both", expect = "atomic", reference = true,
      update = function(redis)
        redis.call("MSET", "record", "new", "index", "new")
      end },
  },
}
