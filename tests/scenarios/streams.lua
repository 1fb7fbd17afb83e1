-- What a stream's groups leave. Both entries were read by a worker; the update acknowledges the second one.
local function ack(redis, id) redis.call("XACK", "jobs", "workers", id) end

return {
  title = "acknowledge an entry",
  before = function(redis)
    redis.call("XADD", "jobs", "1-1", "m", "m1")
    redis.call("XADD", "jobs", "2-1", "m", "m2", "tries", 3)
    redis.call("XGROUP", "CREATE", "jobs", "workers", "0")
    redis.call("XREADGROUP", "GROUP", "workers", "w1", "COUNT", 2, "STREAMS", "jobs", ">")
  end,
  strategies = {
    { name = "consumer-in-between", expect = "leaked",
      update = function(redis)
        redis.call("XGROUP", "CREATECONSUMER", "jobs", "workers", "uuid-1")
        ack(redis, "2-1")
        redis.call("XGROUP", "DELCONSUMER", "jobs", "workers", "uuid-1")
      end },
    { name = "empty-stream", expect = "leaked",
      update = function(redis)
        redis.call("XADD", "trimmed", "MAXLEN", 0, "*", "a", "b")
        redis.call("EXPIRE", "trimmed", 60)
        ack(redis, "2-1")
      end },
    { name = "another-worker", expect = "leaked",
      update = function(redis)
        redis.call("XCLAIM", "jobs", "workers", "w2", 0, "1-1")
        ack(redis, "2-1")
        redis.call("XCLAIM", "jobs", "workers", "w1", 0, "1-1")
        redis.call("XGROUP", "DELCONSUMER", "jobs", "workers", "w2")
      end },
    { name = "again", expect = "atomic", about = "how often an entry was delivered does not count",
      update = function(redis)
        redis.call("XCLAIM", "jobs", "workers", "w1", 0, "1-1")
        ack(redis, "2-1")
      end },
    { name = "the-other", update = function(redis) ack(redis, "1-1") end },
    { name = "ack", expect = "atomic", reference = true, update = function(redis) ack(redis, "2-1") end },
  },
}
