-- An update with several gaps: a lock and two counters whose expiries come late, and a job that is taken
-- before it is noted. Every one has its example and its cure.
return {
  title = "gap after gap",
  before = function(redis)
    redis.call("RPUSH", "queue", "job 1", "job 2")
  end,
  strategies = {
    { name = "careless", expect = { "leaked", "mixed" },
      update = function(redis)
        redis.call("SET", "lock", "me", "NX")
        redis.call("EXPIRE", "lock", 60)
        for _, counter in ipairs{ "hour", "day", "week" } do
          redis.multi(function() redis.call("INCR", counter) end)
          redis.call("EXPIRE", counter, 3600)
        end
        redis.call("RPUSH", "done", redis.call("LPOP", "queue"))
      end },
    { name = "careful", expect = "atomic", reference = true,
      update = function(redis)
        redis.multi(function()
          redis.call("SET", "lock", "me", "NX", "EX", 60)
          for _, counter in ipairs{ "hour", "day", "week" } do
            redis.call("SET", counter, 1, "EX", 3600)
          end
          redis.call("LMOVE", "queue", "done", "LEFT", "RIGHT")
        end)
      end },
  },
}
