-- Control: bee-queue saves a job in three keys: an id, a field of a hash, an entry of a list.
-- Other queues left zombies between such steps (bull_add_zombie.lua); bee-queue has done it in
-- one script since 0.3.0. The same in MULTI would do, if the id comes from the caller.
--
--   script    EVAL: INCR id, HSET jobs id data, LPUSH waiting id
--   multi     INCR id, waiting for it; MULTI HSET, LPUSH, EXEC. A death in between skips an id

local prefix = "bq:mail:"
local id, jobs, waiting = prefix .. "id", prefix .. "jobs", prefix .. "waiting"
local data = '{"data":{"to":"ada"},"options":{},"status":"created"}'

local save = [[
local id = redis.call("INCR", KEYS[1])
redis.call("HSET", KEYS[2], id, ARGV[1])
redis.call("LPUSH", KEYS[3], id)
return id
]]

return {
  title = "Control: bee-queue saves a job",
  source = "https://github.com/bee-queue/bee-queue",
  params = { period = 1 },

  before = function(redis)
    redis.call("EVAL", save, 3, id, jobs, waiting, data)
  end,

  strategies = {
    { name = "script", expect = "atomic", reference = true, about = "one script",
      update = function(redis)
        redis.call("EVAL", save, 3, id, jobs, waiting, data)
      end },

    { name = "multi", expect = "safe", about = "an id, then hash and list in MULTI",
      update = function(redis)
        local job = redis.call("INCR", id)
        redis.multi(function()
          redis.call("HSET", jobs, job, data)
          redis.call("LPUSH", waiting, job)
        end)
      end },
  },

  -- An id that was skipped does no harm.
  ignore = { "bq:mail:id" },
}
