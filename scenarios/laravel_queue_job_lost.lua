-- Laravel's queue worker takes a job from the list queues:default and notes it in the sorted set
-- queues:default:reserved, with the time at which it may be given to somebody else. What is there
-- for too long is moved back to the list (`recover`). With the option block_for, the worker waits:
--
--   versions        on the wire                                              strategy here
--   5.6 and 5.7     BLPOP queue; ZADD reserved; waits for each               old
--   5.8 and later   BLPOP notify; one script: LPOP queue, ZADD reserved,     new
--                   LPOP notify
--
-- A worker killed between BLPOP and ZADD takes the job with it. The question was put to the pull
-- request that added block_for; it became issue 22939. No script may call BLPOP, so producers of
-- 5.8 push a token into queues:default:notify beside each job: workers wait for a token, and then
-- take a job by a script. A worker killed after its BLPOP leaves a token too few: somebody waits a
-- little longer, and nothing is lost, so the tokens do not count here (`ignore`).
--
-- Taking a job counts an attempt, so it goes into the set as a text that is not the one from the
-- list.

local queue = "queues:default"

local function job(id, attempts)
  return string.format('{"job":"SendMail","id":"%s","attempts":%d}', id, attempts)
end

local pop = [[
local job = redis.call("LPOP", KEYS[1])
if not job then return false end
local reserved = string.gsub(job, '"attempts":(%d+)', function(n) return '"attempts":' .. n + 1 end)
redis.call("ZADD", KEYS[2], ARGV[1], reserved)
redis.call("LPOP", KEYS[3])
return reserved
]]

return {
  title = "Laravel: a worker waits for a job",
  source = "https://github.com/laravel/framework/pull/22284",
  params = { retry_after = 90, period = 1 },

  before = function(redis, p)
    for _, id in ipairs({ "a1", "b2" }) do
      redis.call("RPUSH", queue, job(id, 0))
      redis.call("RPUSH", queue .. ":notify", 1)
    end
  end,

  strategies = {
    { name = "old", expect = "mixed",
      about = "5.6 and 5.7: BLPOP, then ZADD",
      update = function(redis, p)
        local popped = redis.call("BLPOP", queue, 0)[2]
        local reserved = popped:gsub('"attempts":0', '"attempts":1')
        redis.call("ZADD", queue .. ":reserved", p.now + p.retry_after, reserved)
      end },

    { name = "new", expect = "atomic", reference = true,
      about = "5.8: BLPOP of a token, then one script",
      update = function(redis, p)
        redis.call("BLPOP", queue .. ":notify", 0)
        redis.call("EVAL", pop, 3, queue, queue .. ":reserved", queue .. ":notify",
                   p.now + p.retry_after)
      end },
  },

  -- migrateExpiredJobs(): after a while, what is reserved goes back to the list.
  recover = function(redis, p)
    for _, reserved in ipairs(redis.call("ZRANGE", queue .. ":reserved", 0, -1)) do
      redis.call("ZREM", queue .. ":reserved", reserved)
      redis.call("RPUSH", queue, reserved)
    end
  end,

  ignore = { "queues:default:notify" },
}
