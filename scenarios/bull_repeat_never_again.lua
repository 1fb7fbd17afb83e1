-- A repeatable job of Bull is two things: an entry in the sorted set `repeat` (the schedule, with
-- the time of the next run), and a delayed job that makes this run, and schedules the next one when
-- it is fetched. queue.add() writes them one after the other and waits in between:
--
--   ZADD repeat;  one script: INCR id, HMSET job, ZADD delayed
--
-- Killed in between, the schedule is listed and nothing will ever run. Issue 871, open since 2018:
-- "exists in the repeat zset but an actual job doesn't ... never going to happen". Unfixed in the
-- last release, 4.16.5. BullMQ, Bull's successor, has made it one script (upsertJobScheduler,
-- 5.34.8): `new`.
--
-- Adding the same schedule again repairs it. Programs that first look whether it is listed, as
-- `recover` here, do not: the half-written schedule is the one that is never repaired.

local repeated = "__default__::::0 6 * * *"
local hash = "b7e23ec29af22b0b4e41da31e868d572"

local schedule = [[
if ARGV[6] == "1" then redis.call("ZADD", KEYS[3], ARGV[2], ARGV[5]) end
redis.call("INCR", KEYS[1])
local job = ARGV[1]
if redis.call("EXISTS", "bull:reports:" .. job) == 1 then return job end
redis.call("HMSET", "bull:reports:" .. job, "name", "__default__", "data", ARGV[3], "opts", ARGV[4],
           "timestamp", ARGV[7], "delay", ARGV[8])
redis.call("ZADD", KEYS[2], ARGV[2] * 0x1000, job)
redis.call("PUBLISH", KEYS[2], ARGV[2])
return job
]]

-- The script of both strategies; with_entry: it also writes the entry in `repeat`.
local function add_delayed(redis, p, next_ms, with_entry)
  redis.call("EVAL", schedule, 3, "bull:reports:id", "bull:reports:delayed", "bull:reports:repeat",
             string.format("repeat:%s:%d", hash, next_ms), next_ms, '{"report":"daily"}',
             '{"repeat":{"cron":"0 6 * * *"}}', repeated, with_entry and 1 or 0,
             p.now * 1000, next_ms - p.now * 1000)
end

local function add_at_once(redis, p)
  add_delayed(redis, p, (p.now + 3600) * 1000, true)
end

return {
  title = "Bull: a repeatable job is added",
  source = "https://github.com/OptimalBits/bull/issues/871",

  strategies = {
    { name = "old", expect = "lost",
      about = "3.x to 4.16.5: ZADD repeat, then the script that adds the delayed job",
      update = function(redis, p)
        local next_ms = (p.now + 3600) * 1000
        redis.call("ZADD", "bull:reports:repeat", next_ms, repeated)
        add_delayed(redis, p, next_ms, false)
      end },

    { name = "new", expect = "atomic", reference = true,
      about = "as BullMQ since 5.34.8: one script for both",
      update = add_at_once },
  },

  -- The program starts again, and adds what getRepeatableJobs() does not list.
  recover = function(redis, p)
    if not redis.call("ZSCORE", "bull:reports:repeat", repeated) then
      add_at_once(redis, p)
    end
  end,

  ignore = { "bull:reports:id" },
}
