-- The other half of Sidekiq's heartbeat: the process registers itself in the set `processes` and
-- describes itself in a hash <host>:<pid>:<nonce>, which is to expire 60 seconds after the last
-- heartbeat. Whoever opens the Web UI prunes members of the set whose hash is gone.
--
--   versions       on the wire                                                strategy here
--   before 4.1.3   SADD, HSET, EXPIRE; one write each (redis-rb)              pipelined
--   4.1.3 to 6.5   the same inside MULTI, one write each                      multi-per-write
--   7.0 and later  MULTI .. EXEC in one buffer (redis-client)                 multi
--
-- A process killed between HSET and EXPIRE of its first heartbeat leaves a hash without an expiry:
-- a process that the Web UI shows for ever, and that pruning never touches. Later heartbeats do no
-- harm, because HSET keeps the expiry of the hash that is there: try --set fresh=0 (the expectation
-- of `pipelined` then fails, as it should). Killed between SADD and HSET it leaves a member without
-- a hash, which the pruning repairs.

local process = "app-1:4242:9f8e7d6c5b4a"

local function heartbeat(redis, p)
  local info = string.format(
    '{"hostname":"app-1","started_at":%d.5,"pid":4242,"tag":"app","concurrency":%d,' ..
    '"queues":["default","mailers"],"labels":[],"identity":"%s"}',
    p.now - 3600, p.jobs, process)
  redis.call("SADD", "processes", process)
  redis.call("HSET", process, "info", info, "busy", p.jobs, "beat", p.now,
             "quiet", "false", "rss", 123456, "rtt_us", 310)
  redis.call("EXPIRE", process, p.ttl)
end

return {
  title = "Sidekiq: a process announces itself",
  source = "https://github.com/sidekiq/sidekiq/blob/main/Changes.md",
  -- jobs in progress, seconds to expiry and between heartbeats; fresh = 1: the first heartbeat.
  params = { jobs = 25, ttl = 60, period = 10, fresh = 1 },

  before = function(redis, p)
    redis.call("SADD", "processes", "app-2:17:0a1b2c3d4e5f")
    redis.call("HSET", "app-2:17:0a1b2c3d4e5f", "info", "{}", "busy", 0, "beat", p.now)
    redis.call("EXPIRE", "app-2:17:0a1b2c3d4e5f", p.ttl)
    if p.fresh == 0 then -- the heartbeat before this one
      heartbeat(redis, p)
      redis.call("EXPIRE", process, p.ttl - p.period)
    end
  end,

  strategies = {
    { name = "pipelined", expect = "leaked",
      about = "Sidekiq before 4.1.3: SADD, HSET, EXPIRE, one write each, without waiting",
      update = function(redis, p)
        redis.pipeline(function() heartbeat(redis, p) end, { writes = "each" })
      end },

    { name = "multi-per-write", expect = "atomic",
      about = "Sidekiq 4.1.3 to 6.5: the same inside MULTI, one write each",
      update = function(redis, p)
        redis.multi(function() heartbeat(redis, p) end, { writes = "each" })
      end },

    { name = "multi", expect = "atomic", reference = true,
      about = "Sidekiq 7.0 and later: MULTI .. EXEC in one buffer",
      update = function(redis, p)
        redis.multi(function() heartbeat(redis, p) end)
      end },
  },

  -- Sidekiq's own ProcessSet#cleanup: members whose hash has no `info` any more.
  recover = function(redis, p)
    for _, member in ipairs(redis.call("SMEMBERS", "processes")) do
      if not redis.call("HGET", member, "info") then
        redis.call("SREM", "processes", member)
      end
    end
  end,
}
