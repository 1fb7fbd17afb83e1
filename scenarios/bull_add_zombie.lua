-- Bull adds a job: a new id, a hash with the job's data, the id in the list of waiting jobs. A
-- producer killed between the last two leaves a hash that no list knows: no worker runs it, no page
-- shows it, nothing ever deletes it. Issue 54: "lots of zombie jobs", some 20,000 of them.
--
--   versions     on the wire                                           strategy here
--   to 0.7.2     INCR id; HMSET job; EVAL(LPUSH wait), waits for each  old
--   1.0.0        one script: INCR, HMSET, LPUSH                        new
--
-- The script of `old` looks only whether the queue is paused. Its source said that it should be one
-- script with the rest. An id that is counted and never used is harmless, therefore `ignore`.
-- Bull's check for stalled jobs looks only at jobs that were being processed, so there is nothing
-- to recover.

local push = [[
if redis.call("EXISTS", KEYS[3]) ~= 1 then
  redis.call("LPUSH", KEYS[1], ARGV[1])
else
  redis.call("LPUSH", KEYS[2], ARGV[1])
end
redis.call("PUBLISH", KEYS[4], ARGV[1])
]]

local add = [[
local id = redis.call("INCR", KEYS[5])
redis.call("HMSET", ARGV[1] .. id, unpack(ARGV, 2))
if redis.call("EXISTS", KEYS[3]) ~= 1 then
  redis.call("LPUSH", KEYS[1], id)
else
  redis.call("LPUSH", KEYS[2], id)
end
redis.call("PUBLISH", KEYS[4], id)
return id
]]

local lists = { "bull:email:wait", "bull:email:paused", "bull:email:meta-paused",
                "bull:email:jobs" }

local function fields(p)
  return "data", '{"to":"a@example.org"}', "opts", "{}", "progress", 0, "delay", 0,
         "timestamp", p.now * 1000, "attempts", 1, "attemptsMade", 0, "stacktrace", "[]"
end

return {
  title = "Bull: a job is added",
  source = "https://github.com/OptimalBits/bull/issues/54",
  params = { period = 1 },

  -- Job 6 waits.
  before = function(redis, p)
    redis.call("SET", "bull:email:id", 6)
    redis.call("HMSET", "bull:email:6", fields(p))
    redis.call("LPUSH", "bull:email:wait", 6)
  end,

  strategies = {
    { name = "old", expect = "mixed",
      about = "to 0.7.2: INCR, HMSET, then a script that pushes",
      update = function(redis, p)
        local id = redis.call("INCR", "bull:email:id")
        redis.call("HMSET", "bull:email:" .. id, fields(p))
        redis.call("EVAL", push, 4, lists[1], lists[2], lists[3], lists[4], id)
      end },

    { name = "new", expect = "atomic", reference = true,
      about = "1.0.0: one script",
      update = function(redis, p)
        redis.call("EVAL", add, 5, lists[1], lists[2], lists[3], lists[4], "bull:email:id",
                   "bull:email:", fields(p))
      end },
  },

  ignore = { "bull:email:id" },
}
