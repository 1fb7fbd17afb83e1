-- kue (Automattic) keeps a job's state in four places: the hash q:job:N, the set q:jobs, and for
-- each state S two sets, q:jobs:S and q:jobs:TYPE:S, from which the web page and the workers read.
-- A worker waits in BLPOP for a token in q:TYPE:jobs, and then takes the lowest of
-- q:jobs:TYPE:inactive. Here a failed job is put back into the queue. Users saw jobs that were in
-- no list, or in the wrong one.
--
--   versions         on the wire                                                        strategy
--   to 0.7.5         {ZREM 3 sets, ZADD 3 sets, HSET state} in one buffer, LPUSH token old
--   0.7.9 to 0.8.9   {MULTI, ZREM 2 sets, EXEC, HSET state},                           half
--                    MULTI, ZADD 2 sets, LPUSH token, EXEC
--   0.8.11 and later MULTI, ZREM 2 sets, HSET state, ZADD 2 sets, LPUSH token, EXEC    new
--
-- The half fix has transactions, two of them: a worker killed between leaves a job whose hash says
-- inactive and that is in no state's set. watchStuckJobs() repairs the number of tokens, nothing
-- else.
--
-- One small buffer is executed as a whole, so kills hardly reach the points within `old`. While it
-- is still connecting, node_redis flushes its queue one command per write: try --set writes=each.
-- (The hash's updated_at is written apart by all of them, is only shown, and is left out.)

local id, priority = "7", 0

local function remove(redis, state)
  redis.call("ZREM", "q:jobs:" .. state, id)
  redis.call("ZREM", "q:jobs:email:" .. state, id)
end

local function add(redis, state)
  redis.call("ZADD", "q:jobs:" .. state, priority, id)
  redis.call("ZADD", "q:jobs:email:" .. state, priority, id)
end

local function token(redis)
  redis.call("LPUSH", "q:email:jobs", 1)
end

return {
  title = "kue: a job changes its state",
  source = "https://github.com/Automattic/kue/issues/411",
  params = { writes = "one" },

  -- Job 7 has failed; job 8 waits, with its token.
  before = [[
    SET q:ids 8 |
    HSET q:job:7 type email data '{"to":"a"}' state failed |
    HSET q:job:8 type email data '{"to":"b"}' state inactive |
    ZADD q:jobs 0 7 0 8 |
    ZADD q:jobs:failed 0 7 |
    ZADD q:jobs:email:failed 0 7 |
    ZADD q:jobs:inactive 0 8 |
    ZADD q:jobs:email:inactive 0 8 |
    LPUSH q:email:jobs 1
  ]],

  strategies = {
    { name = "old", expect = { "lost", "mixed" },
      about = "to 0.7.5: seven commands in one buffer, then the token",
      update = function(redis, p)
        redis.pipeline(function()
          redis.call("ZREM", "q:jobs", id)
          remove(redis, "failed")
          redis.call("ZADD", "q:jobs", priority, id)
          add(redis, "inactive")
          redis.call("HSET", "q:job:" .. id, "state", "inactive")
        end, { writes = p.writes })
        token(redis)
      end },

    { name = "half", expect = "mixed",
      about = "0.7.9 to 0.8.9: two transactions, between them the job is in no set",
      update = function(redis, p)
        redis.pipeline(function()
          redis.multi(function() remove(redis, "failed") end)
          redis.call("HSET", "q:job:" .. id, "state", "inactive")
        end, { writes = p.writes })
        redis.multi(function()
          add(redis, "inactive")
          token(redis)
        end)
      end },

    { name = "new", expect = "atomic", reference = true,
      about = "0.8.11: one transaction",
      update = function(redis, p)
        redis.multi(function()
          remove(redis, "failed")
          redis.call("HSET", "q:job:" .. id, "state", "inactive")
          add(redis, "inactive")
          token(redis)
        end)
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
