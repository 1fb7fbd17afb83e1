-- How a worker of kue (Automattic) fetches a job. It waits in BLPOP for a token in q:TYPE:jobs,
-- pops the lowest id of q:jobs:TYPE:inactive, reads the job's hash, and moves the job to the active
-- sets:
--
--   BLPOP token;  MULTI, ZRANGE, ZREMRANGEBYRANK, EXEC;  HGETALL;
--   {HSET started_at, MULTI, ZREM 2 sets, HSET state, ZADD 2 sets, EXEC} in one buffer
--
-- So in all versions, to the last one, 0.11.6. A worker killed after the pop leaves a job that the
-- web page shows as inactive (it is in q:jobs:inactive, and its hash says so) and that no worker
-- ever finds, because it is not in q:jobs:TYPE:inactive: "stuck inactive", the complaint that kue
-- is known for. watchStuckJobs() makes as many tokens as there are jobs in that very set, and so
-- repairs only the death between BLPOP and the pop. A transaction does not help: the worker has to
-- read an id before it can move it. `new` was never released: after BLPOP, which no script may
-- call, everything is one script.

local fetch = [[
local id = redis.call("ZRANGE", KEYS[1], 0, 0)[1]
if not id then return false end
local job = "q:job:" .. id
redis.call("ZREM", KEYS[1], id)
redis.call("ZREM", "q:jobs:inactive", id)
redis.call("HSET", job, "started_at", ARGV[1], "state", "active")
redis.call("ZADD", "q:jobs:active", 0, id)
redis.call("ZADD", "q:jobs:email:active", 0, id)
return redis.call("HGETALL", job)
]]

return {
  title = "kue: a worker fetches a job",
  source = "https://github.com/Automattic/kue/issues/660",
  params = { period = 1 },

  -- Two jobs wait, each with its token.
  before = function(redis, p)
    for id, to in pairs({ [7] = "a@example.org", [8] = "b@example.org" }) do
      redis.call("HSET", "q:job:" .. id, "type", "email", "data", '{"to":"' .. to .. '"}',
                 "state", "inactive")
      redis.call("ZADD", "q:jobs", 0, id)
      redis.call("ZADD", "q:jobs:inactive", 0, id)
      redis.call("ZADD", "q:jobs:email:inactive", 0, id)
      redis.call("LPUSH", "q:email:jobs", 1)
    end
  end,

  strategies = {
    { name = "old", expect = "mixed",
      about = "all versions to 0.11.6: pop, look, then move",
      update = function(redis, p)
        redis.call("BLPOP", "q:email:jobs", 0)
        local popped = redis.multi(function()
          redis.call("ZRANGE", "q:jobs:email:inactive", 0, 0)
          redis.call("ZREMRANGEBYRANK", "q:jobs:email:inactive", 0, 0)
        end)
        local id = popped[1][1]
        redis.call("HGETALL", "q:job:" .. id)
        redis.pipeline(function()
          redis.call("HSET", "q:job:" .. id, "started_at", p.now)
          redis.multi(function()
            redis.call("ZREM", "q:jobs:inactive", id)
            redis.call("ZREM", "q:jobs:email:inactive", id)
            redis.call("HSET", "q:job:" .. id, "state", "active")
            redis.call("ZADD", "q:jobs:active", 0, id)
            redis.call("ZADD", "q:jobs:email:active", 0, id)
          end)
        end)
      end },

    { name = "new", expect = "safe", reference = true,
      about = "in no release: BLPOP, then one script",
      update = function(redis, p)
        redis.call("BLPOP", "q:email:jobs", 0)
        redis.call("EVAL", fetch, 1, "q:jobs:email:inactive", p.now)
      end },
  },

  -- watchStuckJobs(): as many tokens as there are inactive jobs.
  recover = function(redis, p)
    local tokens = redis.call("LLEN", "q:email:jobs")
    for _ = tokens + 1, redis.call("ZCARD", "q:jobs:email:inactive") do
      redis.call("LPUSH", "q:email:jobs", 1)
    end
  end,
}
