-- gocraft/work's reaper of dead worker pools, killed itself. The dead pool had a job in
-- progress, and one more lock than jobs: what the reaper's last step is for. It finds dead pools
-- by the set worker_pools, and takes the pool out of that set *before* the last step. A reaper
-- killed in between leaves locks that no reaper will ever see again: max_concurrency has shrunk
-- for good.
--
--   versions             on the wire, each waits for its reply                      strategy here
--   to the latest        script per job: RPOPLPUSH inprogress jobs, DECR lock,      old
--                        HINCRBY lock_info -1; DEL heartbeat; SREM worker_pools;
--                        script: DECRBY lock, HDEL lock_info
--   not in any release   the same, SREM last                                        new
--
-- `new` may be killed anywhere: the pool is still in the set, and every step can be done again.
-- (A pool without a heartbeat, because a reaper died after DEL, is taken to have had every kind
-- of job.) With --set stale=0, a pool without such a lock, a field with 0 in lock_info is all
-- that `old` leaves.

local jobs, pools, pool = "work:jobs:export", "work:worker_pools", "9ca81c54f2d4"
local in_progress = jobs .. ":" .. pool .. ":inprogress"
local lock, info, heartbeat = jobs .. ":lock", jobs .. ":lock_info", pools .. ":" .. pool
local job = '{"name":"export","id":"67a1","t":1500000000,"args":{"account":7}}'

local requeue_script = [[
local job = redis.call("RPOPLPUSH", KEYS[1], KEYS[2])
if job then
  redis.call("DECR", KEYS[3])
  redis.call("HINCRBY", KEYS[4], ARGV[1], -1)
end
return job
]]

local locks_script = [[
local stale = redis.call("HGET", KEYS[2], ARGV[1])
if stale then
  redis.call("DECRBY", KEYS[1], stale)
  redis.call("HDEL", KEYS[2], ARGV[1])
end
]]

local function requeue(redis)
  while redis.call("EVAL", requeue_script, 4, in_progress, jobs, lock, info, pool) do end
  redis.call("DEL", heartbeat)
end

local function forget(redis)
  redis.call("SREM", pools, pool)
end

local function repair_locks(redis)
  redis.call("EVAL", locks_script, 2, lock, info, pool)
end

-- One round of a reaper whose steps are these, if it finds the pool.
local function reaper(...)
  local steps = { ... }
  return function(redis)
    if redis.call("SISMEMBER", pools, pool) == 0 then
      return
    end
    if redis.call("HGET", heartbeat, "heartbeat_at") then
      requeue(redis)
    end
    for _, step in ipairs(steps) do
      step(redis)
    end
  end
end

local old, new = reaper(forget, repair_locks), reaper(repair_locks, forget)

return {
  title = "gocraft/work: the reaper is killed",
  source = "https://github.com/gocraft/work/pull/52",
  params = { stale = 1, period = 600 },

  before = function(redis, p)
    redis.call("SADD", pools, pool)
    redis.call("HSET", heartbeat, "heartbeat_at", p.now - 301, "job_names", "export")
    redis.call("LPUSH", in_progress, job)
    redis.call("SET", lock, 1 + p.stale)
    redis.call("HSET", info, pool, 1 + p.stale)
  end,

  strategies = {
    { name = "old", expect = { "leaked", "mixed", "stuck" },
      about = "the latest: SREM, then the locks", update = old, recover = old },
    { name = "new", expect = "safe", reference = true,
      about = "the locks, then SREM", update = new, recover = new },
  },

  -- Nothing runs, so no lock is held.
  alive = function(redis)
    return redis.call("GET", lock) == "0"
  end,
}
