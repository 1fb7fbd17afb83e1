-- A job is counted, mailed and noted, all of which are effects: nobody takes them back. Survivors work off what
-- they find, so that a right job is done once, whoever does it.
local function job(redis)
  redis.call("INCR", "done:j1")
  redis.call("RPUSH", "mails", "j1")
  redis.call("HINCRBY", "results", "j1", 1)
end

return {
  title = "what a job did to the world",
  effects = { "done:*", "mails", "results" },
  before = "RPUSH queue j1 | SET done:j0 1",
  recover = function(redis)
    while redis.call("RPOPLPUSH", "working", "queue") do end
    while redis.call("LPOP", "queue") do job(redis) end
  end,
  strategies = {
    { name = "at-least-once", expect = "duplicated", update = function(redis)
        redis.call("RPOPLPUSH", "queue", "working")
        job(redis)
        redis.call("DEL", "working")
      end },
    { name = "at-most-once", expect = "lost", update = function(redis)
        redis.call("LPOP", "queue")
        job(redis)
      end },
    { name = "twice", expect = "duplicated", update = function(redis)
        redis.multi(function()
          redis.call("LPOP", "queue")
          job(redis)
          redis.call("INCR", "done:j1")
        end)
      end },
    { name = "once", reference = true, expect = "atomic", update = function(redis)
        redis.multi(function()
          redis.call("LPOP", "queue")
          job(redis)
        end)
      end },
  },
}
