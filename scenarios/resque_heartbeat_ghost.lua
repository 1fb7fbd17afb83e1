-- A Resque worker starts: its first heartbeat goes into the hash workers:heartbeat, then it
-- registers itself in the set `workers` (redis-rb writes the commands of a pipeline one by one):
--
--   HSET workers:heartbeat W;  {SADD workers W, SET worker:W:started}
--
-- Every starting worker prunes: workers whose heartbeat is old are unregistered, which removes all
-- three.
--
--   versions          whom the pruning looks at                 strategy here
--   1.27 to 2.0.0     members of `workers`                      old
--   2.1.0 and later   fields of workers:heartbeat as well       new
--
-- Both write the same. A worker killed after HSET is in the heartbeat hash and in no set: the old
-- pruning never sees it, and its field stays for ever, because the next worker has another name. So
-- the fix is in what survivors do, and each strategy here has its own `recover`.

local worker = "app-1:4242:mail"

local function register(redis, p)
  redis.call("HSET", "resque:workers:heartbeat", worker, p.now)
  redis.pipeline(function()
    redis.call("SADD", "resque:workers", worker)
    redis.call("SET", "resque:worker:" .. worker .. ":started", p.now)
  end, { writes = "each" })
end

-- Time has passed: everyone but app-2, which still runs, has an old heartbeat.
local function prune(redis, candidates)
  for _, name in ipairs(candidates) do
    if name ~= "app-2:17:mail" and redis.call("HGET", "resque:workers:heartbeat", name) then
      redis.pipeline(function()
        redis.call("SREM", "resque:workers", name)
        redis.call("DEL", "resque:worker:" .. name)
        redis.call("DEL", "resque:worker:" .. name .. ":started")
        redis.call("HDEL", "resque:workers:heartbeat", name)
      end)
    end
  end
end

return {
  title = "Resque: a worker starts and registers itself",
  source = "https://github.com/resque/resque/issues/1750",

  before = function(redis, p)
    redis.call("HSET", "resque:workers:heartbeat", "app-2:17:mail", p.now)
    redis.call("SADD", "resque:workers", "app-2:17:mail")
    redis.call("SET", "resque:worker:app-2:17:mail:started", p.now)
  end,

  strategies = {
    { name = "old", expect = "leaked",
      about = "1.27 to 2.0.0: pruning looks at registered workers only",
      update = register,
      recover = function(redis, p)
        prune(redis, redis.call("SMEMBERS", "resque:workers"))
      end },

    { name = "new", expect = "safe", reference = true,
      about = "2.1.0: pruning looks at every heartbeat",
      update = register,
      recover = function(redis, p)
        prune(redis, redis.call("HKEYS", "resque:workers:heartbeat"))
      end },
  },
}
