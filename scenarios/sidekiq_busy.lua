-- Sidekiq's heartbeat rewrites the hash behind its Busy page: one field per job in progress, in the
-- key <host>:<pid>:<nonce>:work, every 10 seconds, to expire after 60. A worker killed between the
-- first HSET and EXPIRE leaves a hash that stays for ever. (Its zombie rows on the Busy page go away once the dead
-- process is dropped from `processes`, by the next clean-up; the hash does not.)
--
--   versions          on the wire                                            strategy here
--   6.4.2 to 6.5      UNLINK, HSET per job, EXPIRE; one write each (redis-rb) per-write
--   7.0 to 7.2.2      the same in one buffer (redis-client)                   pipelined
--   7.2.3             MULTI, UNLINK, one HSET, EXPIRE, EXEC                   batched-multi
--
-- The others stand for what one might do instead.

local work = "app-1:4242:9f8e7d6c5b4a:work"

-- What a thread works on, as Sidekiq writes it: JSON, with the job's own JSON as its payload. The
-- second argument of the job makes it as long as p.bytes says.
local head = [[{"queue":"default","payload":"{\"retry\":true,\"queue\":\"default\",]] ..
             [[\"class\":\"HardWorker\",\"args\":[]]
local argument = [[,\"%s\"],\"jid\":\"]]
local times = [[\",\"created_at\":%d.25,\"enqueued_at\":%d.5}","run_at":]]
local row = "%s%d%s%024x%s%d}"
local bare = #row:format(head, 10, argument:format(""), 0, times:format(1e9, 1e9), 1e9)

-- What makes a thread's field: its id, and its row. Long texts are made once: an update that is
-- quickly computed leaves most kills to the time when it talks to Redis.
local function jobs(p)
  local argument = argument:format(string.rep("x", p.bytes - bare))
  local times = times:format(p.now - 95, p.now - 90)
  return function(i)
    return string.format("%x", 47368 + 20 * i),
           row:format(head, i, argument, 104729 * i, times, p.now - 60 + i)
  end
end

-- The words of one HSET: key, field, value, field, value, ...
local function all_jobs(p)
  local pairs, job = { work }, jobs(p)
  for i = 1, p.jobs do
    pairs[2 * i], pairs[2 * i + 1] = job(i)
  end
  return table.unpack(pairs)
end

local function one_by_one(redis, p)
  local job = jobs(p)
  redis.call("UNLINK", work)
  for i = 1, p.jobs do
    redis.call("HSET", work, job(i))
  end
  redis.call("EXPIRE", work, p.ttl)
end

local function batched(redis, p)
  redis.call("UNLINK", work)
  redis.call("HSET", all_jobs(p))
  redis.call("EXPIRE", work, p.ttl)
end

local script = [[
redis.call("UNLINK", KEYS[1])
redis.call("HSET", KEYS[1], unpack(ARGV, 2))
redis.call("EXPIRE", KEYS[1], ARGV[1])
]]

return {
  title = "Sidekiq: jobs on the Busy page",
  source = "https://github.com/sidekiq/sidekiq/issues/6227",
  -- jobs in progress, bytes of each one's JSON, seconds to expiry and between heartbeats;
  -- fresh = 1: the first heartbeat, with no earlier one before it.
  params = { jobs = 25, bytes = 560, ttl = 60, period = 10, fresh = 0 },

  before = function(redis, p)
    if p.fresh == 0 then
      batched(redis, p)
    end
  end,

  strategies = {
    { name = "per-field", expect = "leaked",
      about = "one HSET per job, each command waits for its reply",
      update = one_by_one },

    { name = "per-write", expect = "leaked",
      about = "Sidekiq 6.4.2 to 6.5: the same commands, one write each, without waiting",
      update = function(redis, p)
        redis.pipeline(function() one_by_one(redis, p) end, { writes = "each" })
      end },

    { name = "pipelined", expect = "leaked",
      about = "Sidekiq 7.0 to 7.2.2: the same commands in one buffer",
      update = function(redis, p)
        redis.pipeline(function() one_by_one(redis, p) end)
      end },

    { name = "batched", expect = "leaked",
      about = "UNLINK, one HSET, EXPIRE, waiting for each: batching without the transaction",
      update = batched },

    { name = "batched-multi", expect = "atomic", reference = true,
      about = "Sidekiq 7.2.3: UNLINK, one HSET, EXPIRE inside MULTI",
      update = function(redis, p)
        redis.multi(function() batched(redis, p) end)
      end },

    { name = "script", expect = "atomic",
      about = "the same as one EVAL",
      update = function(redis, p)
        redis.call("EVAL", script, 1, work, p.ttl, select(2, all_jobs(p)))
      end },
  },
}
