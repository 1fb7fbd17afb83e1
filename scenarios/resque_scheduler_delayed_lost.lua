-- resque-scheduler's enqueue_at puts a Resque job aside until a time T: it goes into the list
-- delayed:T, timestamps:JOB remembers in which lists the job is, and T goes into the sorted set
-- delayed_queue_schedule, the only place where the scheduler looks for times that are due.
--
--   RPUSH delayed:T;  SADD timestamps:JOB;  ZADD delayed_queue_schedule; each waits for its reply
--
-- So still in 2026. Killed before ZADD it leaves a list that is never read, unless another job
-- happens to be put aside for the same second. Issue 458 found "huge discrepancies" between the
-- size of the schedule and the numbers of delayed:T and timestamps:JOB. node-resque, which has the
-- same keys, put the three into a transaction in 6.0.9, as `new` does here; see
-- node_resque_delayed_lost.lua, where a further check makes the job impossible to add again.

local job = '{"class":"Remind","args":[42],"queue":"mail"}'

local function delayed_push(redis, due)
  redis.call("RPUSH", "resque:delayed:" .. due, job)
  redis.call("SADD", "resque:timestamps:" .. job, "delayed:" .. due)
  redis.call("ZADD", "resque:delayed_queue_schedule", due, due)
end

return {
  title = "resque-scheduler: a job is put aside for later",
  source = "https://github.com/resque/resque-scheduler/issues/458",
  -- same = 1: another job waits for the same second, and saves this one.
  params = { delay = 60, same = 0 },

  before = function(redis, p)
    local other = '{"class":"Remind","args":[7],"queue":"mail"}'
    local due = p.now + (p.same == 1 and p.delay or 30)
    redis.call("RPUSH", "resque:delayed:" .. due, other)
    redis.call("SADD", "resque:timestamps:" .. other, "delayed:" .. due)
    redis.call("ZADD", "resque:delayed_queue_schedule", due, due)
  end,

  strategies = {
    { name = "old", expect = "leaked",
      about = "all versions: RPUSH, SADD, ZADD, waiting for each",
      update = function(redis, p) delayed_push(redis, p.now + p.delay) end },

    { name = "new", expect = "atomic", reference = true,
      about = "in no release: the same inside MULTI",
      update = function(redis, p)
        redis.multi(function() delayed_push(redis, p.now + p.delay) end)
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
}
