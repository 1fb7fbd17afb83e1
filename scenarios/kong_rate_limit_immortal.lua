-- Kong's rate-limiting plugin with policy = redis counts each request once per configured
-- period, in keys whose names hold the window's start. Users found keys with TTL -1. No later
-- request touches such a key, so it stays for ever.
--
--   versions      on the wire                                                       strategy here
--   before 2.1.1  EXISTS key per period, waiting for each; then, in one buffer      old
--                 without MULTI: INCRBY key, and EXPIRE key if it did not exist
--   2.1.1         in one buffer, a script per key: INCRBY, EXPIRE if it is new      new
--
-- One buffer of this size reaches Redis whole or not at all, so that kills of a process do not
-- show the hole (--fault byte does); a worker that dies with its host, or a proxy in between,
-- can cut anywhere. `old` has a second hole, without any crash: a key that expires between
-- EXISTS and INCRBY is made again without an expiry. `new` may count a request in one period and
-- not in the other; both expire.

local periods = { { "minute", 60 }, { "hour", 3600 } }

local function keys(p)
  local list = {}
  for i, period in ipairs(periods) do
    list[i] = string.format("ratelimit:9f1c:203.0.113.7:%d:%s",
                            (p.now - p.now % period[2]) * 1000, period[1])
  end
  return list
end

local script = [[
local count = redis.call("INCRBY", KEYS[1], ARGV[1])
if count == tonumber(ARGV[1]) then redis.call("EXPIRE", KEYS[1], ARGV[2]) end
return count
]]

return {
  title = "Kong: a request counter that never expires",
  source = "https://github.com/Kong/kong/issues/5763",
  params = { period = 1 },

  strategies = {
    { name = "old", expect = "leaked",
      about = "before 2.1.1: EXISTS, then INCRBY and EXPIRE in one buffer",
      update = function(redis, p)
        local list, new = keys(p), {}
        for i, key in ipairs(list) do
          new[i] = redis.call("EXISTS", key) == 0
        end
        redis.pipeline(function()
          for i, key in ipairs(list) do
            redis.call("INCRBY", key, 1)
            if new[i] then
              redis.call("EXPIRE", key, periods[i][2])
            end
          end
        end)
      end },

    { name = "new", expect = "safe", reference = true,
      about = "2.1.1: a script per key",
      update = function(redis, p)
        redis.pipeline(function()
          for i, key in ipairs(keys(p)) do
            redis.call("EVAL", script, 1, key, 1, periods[i][2])
          end
        end)
      end },
  },
}
