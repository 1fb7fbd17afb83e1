-- node-resque's scheduler moves delayed jobs that are due to their queue, one by one. For a time T:
--
--   LPOP delayed:T;  SREM timestamps:JOB delayed:T;  MULTI, SADD queues, RPUSH queue, EXEC
--
-- and, when the list is empty, WATCH twice, LLEN, MULTI, DEL delayed:T, ZREM schedule T, EXEC,
-- UNWATCH. (The transaction around SADD and RPUSH came with 9.1.4; it does not matter here.) Each
-- command waits for its reply. So in all versions to 9.7.1, and resque-scheduler, whose keys these
-- are, also takes a job before it enqueues it.
--
-- A scheduler killed after LPOP takes the job with it: it is in no list and in no queue. The next
-- scheduler carries on with the jobs that are left (`recover`). Killed before SREM it also leaves
-- an entry in timestamps:JOB that nobody removes. Adding before removing would at worst run a job
-- twice. `new`, which was never released, moves each job by one script.

local queue, schedule = "resque:queue:mail", "resque:delayed_queue_schedule"

local function job(i)
  return string.format('{"class":"remind","queue":"mail","args":[%d]}', i)
end

local move_one = [[
local item = redis.call("LPOP", KEYS[1])
if not item then return false end
redis.call("SREM", "resque:timestamps:" .. item, ARGV[1])
redis.call("SADD", "resque:queues", ARGV[2])
redis.call("RPUSH", "resque:queue:" .. ARGV[2], item)
return item
]]

local function old_move(redis, list)
  local item = redis.call("LPOP", "resque:" .. list)
  if item then
    redis.call("SREM", "resque:timestamps:" .. item, list)
    redis.multi(function()
      redis.call("SADD", "resque:queues", "mail")
      redis.call("RPUSH", queue, item)
    end)
  end
  return item
end

local function new_move(redis, list)
  return redis.call("EVAL", move_one, 1, "resque:" .. list, list, "mail")
end

-- What both do with all jobs that are due.
local function transfer(redis, p, move)
  for _, due in ipairs(redis.call("ZRANGEBYSCORE", schedule, 0, p.now)) do
    local list = "delayed:" .. due
    while move(redis, list) do end
    redis.call("WATCH", "resque:" .. list)
    redis.call("WATCH", schedule)
    if redis.call("LLEN", "resque:" .. list) == 0 then
      redis.multi(function()
        redis.call("DEL", "resque:" .. list)
        redis.call("ZREM", schedule, due)
      end)
    end
    redis.call("UNWATCH")
  end
end

return {
  title = "node-resque: the scheduler moves jobs that are due",
  source =
    "https://github.com/actionhero/node-resque/blob/8c858b07cb64d896734f81fcd6592b1477bdb70d/src/core/scheduler.ts",
  params = { jobs = 2, period = 5 },

  before = function(redis, p)
    local list = "delayed:" .. p.now - 1
    for i = 1, p.jobs do
      redis.call("RPUSH", "resque:" .. list, job(i))
      redis.call("SADD", "resque:timestamps:" .. job(i), list)
    end
    redis.call("ZADD", schedule, p.now - 1, p.now - 1)
  end,

  strategies = {
    { name = "old", expect = { "lost", "leaked" },
      about = "all versions: LPOP, SREM, then the job is enqueued",
      update = function(redis, p) transfer(redis, p, old_move) end },

    { name = "new", expect = "safe", reference = true,
      about = "in no release: one script for each job",
      update = function(redis, p) transfer(redis, p, new_move) end },
  },

  -- Another scheduler becomes the leader and moves the rest.
  recover = function(redis, p) transfer(redis, p, new_move) end,
}
