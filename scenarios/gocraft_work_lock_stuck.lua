-- gocraft/work limits how many jobs of a kind run at once by a counter, <jobs>:lock. A worker
-- pool killed while a job runs never counts down; when the counter has reached max_concurrency,
-- jobs of that kind never run again. The reaper of dead pools put the job back, but did not know
-- whose locks to release. (In 2021 a user still found 20519 locks of at most 200.)
--
--   versions                on the wire                                            strategy here
--   PR 41 (March 2017)      script: INCR lock, RPOPLPUSH jobs inprogress;          old
--                           ... MULTI LREM inprogress, DECR lock, EXEC
--   PR 52 (June 2017) on    the same, and lock_info notes each pool's share,       new
--                           which the reaper subtracts
--
-- gocraft_work_reaper.lua kills the reaper.

local jobs, pools, pool = "work:jobs:export", "work:worker_pools", "9ca81c54f2d4"
local in_progress = jobs .. ":" .. pool .. ":inprogress"
local lock, info, max = jobs .. ":lock", jobs .. ":lock_info", jobs .. ":max_concurrency"
local heartbeat = pools .. ":" .. pool
local job = '{"name":"export","id":"67a1","t":1500000000,"args":{"account":7}}'

local fetch_script = [[
local held, most = redis.call("GET", KEYS[3]), redis.call("GET", KEYS[5])
if redis.call("LLEN", KEYS[1]) == 0 or tonumber(held) >= tonumber(most) then return false end
redis.call("INCR", KEYS[3])
if ARGV[1] ~= "" then redis.call("HINCRBY", KEYS[4], ARGV[1], 1) end
return redis.call("RPOPLPUSH", KEYS[1], KEYS[2])
]]

local function fetch(redis, as)
  return redis.call("EVAL", fetch_script, 5, jobs, in_progress, lock, info, max, as)
end

-- The pool's last heartbeat is five minutes old.
local function reap(redis, release)
  while redis.call("RPOPLPUSH", in_progress, jobs) do
    release()
  end
  redis.call("DEL", heartbeat)
  redis.call("SREM", pools, pool)
end

return {
  title = "gocraft/work: a kind of job that never runs again",
  source = "https://github.com/gocraft/work/pull/52",
  params = { period = 1 },

  before = function(redis, p)
    redis.call("SADD", pools, pool)
    redis.call("HSET", heartbeat, "heartbeat_at", p.now, "job_names", "export")
    redis.call("MSET", max, 1, lock, 0)
    redis.call("LPUSH", jobs, job)
  end,

  strategies = {
    { name = "old", expect = { "mixed", "stuck" },
      about = "PR 41: a counter",
      update = function(redis)
        if fetch(redis, "") then
          redis.multi(function()
            redis.call("LREM", in_progress, 1, job)
            redis.call("DECR", lock)
          end)
        end
      end,
      recover = function(redis)
        reap(redis, function() end)
      end },

    { name = "new", expect = "safe", reference = true,
      about = "PR 52: a counter, and whose it is",
      update = function(redis)
        if fetch(redis, pool) then
          redis.multi(function()
            redis.call("LREM", in_progress, 1, job)
            redis.call("DECR", lock)
            redis.call("HINCRBY", info, pool, -1)
          end)
        end
      end,
      recover = function(redis)
        reap(redis, function()
          redis.call("DECR", lock)
          redis.call("HINCRBY", info, pool, -1)
        end)
        local stale = redis.call("HGET", info, pool)
        if stale then
          redis.call("DECRBY", lock, stale)
          redis.call("HDEL", info, pool)
        end
      end },
  },

  -- The next job of that kind is fetched.
  alive = function(redis)
    redis.call("LPUSH", jobs, '{"name":"export","id":"67a2"}')
    return fetch(redis, "")
  end,
}
