-- Control: a bee-queue worker moves a job's id to `active` without saying who it is, so the job
-- looks as if it could be forgotten. But workers take the ids of jobs that they still run out of
-- the set `stalling` once per interval, and whoever checks puts what is still there back to
-- `waiting`.
--
--   run     BRPOPLPUSH waiting active; SREM stalling id (the heartbeat);
--           MULTI LREM active, SREM stalling, HDEL jobs, EXEC (removeOnSuccess)
--   check   a script: ids in stalling and in active go back to waiting; then all of active
--           into stalling

local prefix = "bq:mail:"
local jobs, stalling = prefix .. "jobs", prefix .. "stalling"
local waiting, active = prefix .. "waiting", prefix .. "active"

local check = [[
for _, id in ipairs(redis.call("SMEMBERS", KEYS[1])) do
  if redis.call("LREM", KEYS[2], 0, id) > 0 then redis.call("RPUSH", KEYS[3], id) end
end
redis.call("DEL", KEYS[1])
for _, id in ipairs(redis.call("LRANGE", KEYS[2], 0, -1)) do redis.call("SADD", KEYS[1], id) end
]]

return {
  title = "Control: bee-queue runs a job",
  source = "https://github.com/bee-queue/bee-queue",
  params = { period = 1 },

  before = [[
    HSET bq:mail:jobs 1 '{"data":{"to":"ada"}}' 2 '{"data":{"to":"bob"}}' |
    LPUSH bq:mail:waiting 1 2
  ]],

  strategies = {
    { name = "run", expect = "safe", about = "BRPOPLPUSH, heartbeat, MULTI",
      update = function(redis)
        local job = redis.call("BRPOPLPUSH", waiting, active, 1) or "none"
        redis.call("SREM", stalling, job)
        redis.multi(function()
          redis.call("LREM", active, 0, job)
          redis.call("SREM", stalling, job)
          redis.call("HDEL", jobs, job)
        end)
      end },
  },

  -- Two intervals later
  recover = function(redis)
    for _ = 1, 2 do
      redis.call("EVAL", check, 3, stalling, active, waiting)
    end
  end,
}
