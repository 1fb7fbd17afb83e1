-- Control: the reliable queue of the Redis documentation. A job is in no queue while it runs,
-- and looks lost; but it is in the worker's own list, moved there by one command, and the
-- janitor puts it back. The result and the acknowledgement are one transaction, so that a job is
-- never done and queued.
--
--   rpoplpush    RPOPLPUSH queue processing; MULTI HSET results, LREM processing, EXEC
--   lmove        the same with LMOVE (Redis 6.2)

local queue, processing = "queue:thumbs", "queue:thumbs:processing:app-1:4242"
local jobs = { '{"id":1,"image":"a.png"}', '{"id":2,"image":"b.png"}' }

local function finish(redis, job)
  redis.multi(function()
    redis.call("HSET", "results", job, "ok")
    redis.call("LREM", processing, 1, job)
  end)
end

return {
  title = "Control: a queue with a list per worker",
  source = "https://redis.io/docs/latest/commands/rpoplpush/",
  params = { period = 1 },

  before = function(redis)
    redis.call("LPUSH", queue, table.unpack(jobs))
  end,

  strategies = {
    { name = "rpoplpush", expect = "safe", reference = true, about = "RPOPLPUSH",
      update = function(redis)
        finish(redis, redis.call("RPOPLPUSH", queue, processing) or "none")
      end },

    { name = "lmove", expect = "safe", about = "LMOVE RIGHT LEFT",
      update = function(redis)
        finish(redis, redis.call("LMOVE", queue, processing, "RIGHT", "LEFT") or "none")
      end },
  },

  -- The janitor, when it knows that the worker is dead
  recover = requeue{ from = processing, to = queue },
}
