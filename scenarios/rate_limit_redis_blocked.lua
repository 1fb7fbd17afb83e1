-- rate-limit-redis, the store of express-rate-limit: counts the requests of an address in a key
-- that is to expire with the window. "Blocked for ever": a process killed between INCR and
-- EXPIRE leaves a counter that only grows.
--
--   versions          on the wire                                                strategy here
--   to 1.0.2          INCR; its reply is awaited; EXPIRE if it is 1              old
--   1.0.3 to 2.1.0    MULTI INCR, TTL, EXEC; EXPIRE if the count is 1 or the     half
--                     TTL is -1
--   1.0.4 with        MULTI INCR, TTL, EXEC. The client's replies are pairs, so  half-ioredis
--     ioredis         neither test is ever true, and EXPIRE is never sent
--   3.0.0             a script: INCR, PTTL, PEXPIRE if there is none             new
--
-- (node_redis writes MULTI by itself.) `half` heals with the next request of the same address,
-- and that is why it looked fixed; addresses that never come back leave their counters for ever.
-- --set returns=1 makes the address come back: `half` is clean then (so its expectation fails,
-- as it should), `old` is not.

local key = "rl:203.0.113.7"

local function count_and_look(redis)
  return redis.multi(function()
    redis.call("INCR", key)
    redis.call("TTL", key)
  end, { writes = "each" })
end

local function old(redis, p)
  if redis.call("INCR", key) == 1 then
    redis.call("EXPIRE", key, p.window)
  end
end

local function half(redis, p)
  local replies = count_and_look(redis)
  if replies[1] == 1 or replies[2] == -1 then
    redis.call("EXPIRE", key, p.window)
  end
end

local script = [[
local count = redis.call("INCR", KEYS[1])
local left = redis.call("PTTL", KEYS[1])
if left <= 0 then
  redis.call("PEXPIRE", KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left}
]]

local function new(redis, p)
  redis.call("EVAL", script, 1, key, p.window * 1000)
end

-- The address comes back after the window, if it does.
local function again(hit)
  return function(redis, p)
    if p.returns == 1 then
      hit(redis, p)
    end
  end
end

return {
  title = "rate-limit-redis: an address that is blocked for ever",
  source = "https://github.com/express-rate-limit/rate-limit-redis/commit/035350f",
  params = { window = 60, returns = 0, period = 1 },

  strategies = {
    { name = "old", expect = "leaked", about = "to 1.0.2: INCR, then EXPIRE",
      update = old, recover = again(old) },

    { name = "half", expect = "leaked",
      about = "1.0.3 to 2.1.0: MULTI INCR, TTL; then EXPIRE; the next request repairs",
      update = half, recover = again(half) },

    { name = "half-ioredis", expect = "leaked",
      about = "1.0.4 with ioredis: EXPIRE is never sent",
      update = count_and_look, recover = again(count_and_look) },

    { name = "new", expect = "atomic", reference = true, about = "3.0.0: one script",
      update = new, recover = again(new) },
  },
}
