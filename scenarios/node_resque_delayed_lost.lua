-- node-resque's enqueueAt() puts a job aside until a time T. It keeps three things: the list
-- delayed:T of jobs, the set timestamps:JOB of the lists that a job is in (so that the same job is
-- not put aside for the same T twice), and the sorted set delayed_queue_schedule of all T, the only
-- place where the scheduler looks.
--
--   versions          on the wire                                              strategy here
--   to 6.0.7          SISMEMBER, RPUSH, SADD, ZADD; each waits for its reply   old
--   6.0.9 and later   SISMEMBER, then MULTI, RPUSH, SADD, ZADD, EXEC           new
--
-- A process killed before ZADD leaves a job that never runs, and the attempt to add it again is
-- refused: "Job already enqueued at this time with same arguments". Issue 24: the list is there,
-- its time is not in the schedule, and "the delayed lock thinks" that the job will run. Killed
-- before SADD, the job is lost too, but can be added again.

local job = '{"class":"remind","queue":"mail","args":[42]}'

return {
  title = "node-resque: a job is put aside for later",
  source = "https://github.com/actionhero/node-resque/issues/24",
  params = { delay = 60 },

  -- Another job is put aside already, for another time.
  before = function(redis, p)
    local other = '{"class":"remind","queue":"mail","args":[7]}'
    local due = p.now + 30
    redis.call("RPUSH", "resque:delayed:" .. due, other)
    redis.call("SADD", "resque:timestamps:" .. other, "delayed:" .. due)
    redis.call("ZADD", "resque:delayed_queue_schedule", due, due)
  end,

  strategies = {
    { name = "old", expect = { "leaked", "stuck" },
      about = "to 6.0.7: RPUSH, SADD, ZADD, waiting for each",
      update = function(redis, p)
        local due = p.now + p.delay
        redis.call("SISMEMBER", "resque:timestamps:" .. job, "delayed:" .. due)
        redis.call("RPUSH", "resque:delayed:" .. due, job)
        redis.call("SADD", "resque:timestamps:" .. job, "delayed:" .. due)
        redis.call("ZADD", "resque:delayed_queue_schedule", due, due)
      end },

    { name = "new", expect = "atomic", reference = true,
      about = "6.0.9: the same inside MULTI",
      update = function(redis, p)
        local due = p.now + p.delay
        redis.call("SISMEMBER", "resque:timestamps:" .. job, "delayed:" .. due)
        redis.multi(function()
          redis.call("RPUSH", "resque:delayed:" .. due, job)
          redis.call("SADD", "resque:timestamps:" .. job, "delayed:" .. due)
          redis.call("ZADD", "resque:delayed_queue_schedule", due, due)
        end)
      end },
  },

  -- Time passes: the scheduler moves every job that it finds to its queue.
  recover = function(redis, p)
    for _, due in ipairs(redis.call("ZRANGE", "resque:delayed_queue_schedule", 0, -1)) do
      local list = "delayed:" .. due
      for _, item in ipairs(redis.call("LRANGE", "resque:" .. list, 0, -1)) do
        redis.call("SREM", "resque:timestamps:" .. item, list)
        redis.call("SADD", "resque:queues", "mail")
        redis.call("RPUSH", "resque:queue:mail", item)
      end
      redis.call("DEL", "resque:" .. list)
      redis.call("ZREM", "resque:delayed_queue_schedule", due)
    end
  end,

  -- Whoever got no answer tries again.
  alive = function(redis, p)
    local due = "delayed:" .. p.now + p.delay
    if redis.call("SISMEMBER", "resque:timestamps:" .. job, due) == 1 then
      error("Job already enqueued at this time with same arguments")
    end
  end,
}
