-- Updates that listen. What `asks` sends depends on what it hears, which is the same in every trial;
-- what `adds` and `clock` hear is never the same, and they do not care; what `deletes` and
-- `acknowledges` send names ids that Redis has only just made up.
local function finish(redis)
  redis.call("XADD", "log", "*", "visit", "1")
  redis.call("SET", "copy", "original", "EX", 60)
  redis.call("SET", "visits", "1", "EX", 60)
end

return {
  title = "what is sent and what is heard",
  before = function(redis)
    redis.call("HSET", "source", "name", "original")
    redis.call("XGROUP", "CREATE", "jobs", "workers", "0", "MKSTREAM")
  end,
  strategies = {
    { name = "asks",
      update = function(redis)
        if redis.call("INCR", "visits") == 1 then
          redis.call("EXPIRE", "visits", 60)
        else
          redis.call("SET", "visits", "not the first", "EX", 60)
        end
        redis.call("SET", "copy", redis.call("HGET", "source", "name"), "EX", 60)
        redis.call("XADD", "log", "1-1", "visit", "1")
      end },
    -- Two of these in one millisecond hear the same id.
    { name = "adds", update = finish },
    { name = "clock",
      update = function(redis)
        redis.call("TIME")
        finish(redis)
        redis.call("TIME")
      end },
    { name = "deletes",
      update = function(redis)
        local id = redis.call("XADD", "log", "*", "visit", "0")
        finish(redis)
        redis.call("XDEL", "log", id)
      end },
    { name = "acknowledges",
      update = function(redis)
        redis.call("XADD", "jobs", "*", "job", "1")
        local read = redis.call("XREADGROUP", "GROUP", "workers", "me", "COUNT", 1,
                                "STREAMS", "jobs", ">")
        local id = read[1][2][1][1]
        redis.call("XACK", "jobs", "workers", id)
        redis.call("XDEL", "jobs", id)
        finish(redis)
      end },
    -- Two byte cuts of ten wait until the timeout.
    { name = "blocks", reference = true,
      update = function(redis)
        finish(redis)
        redis.call("BLPOP", "nothing", 0.05)
        redis.call("PING")
      end },
  },
}
