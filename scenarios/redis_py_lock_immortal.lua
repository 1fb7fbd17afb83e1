-- redis-py's Lock(name, timeout=10) before 3.0. A process killed between SETNX and PEXPIRE
-- leaves a lock that nobody holds and that never expires; everybody else waits for it for ever.
--
--   versions             on the wire, each waits for its reply                  strategy here
--   2.10, Lock           SETNX name token, PEXPIRE name ms;                     old
--                        release: WATCH, GET, DEL, UNWATCH
--   unreleased, LuaLock  a script meant to send SET name token NX PX ms         half
--   3.0.0                SET name token NX PX ms; release: a script             new
--
-- The fix of December 2014 had its condition the wrong way round: PX was sent only if there was
-- *no* timeout. So `half` is one command, and leaves a lock without an expiry wherever its owner
-- dies. It was removed before the release that brought the fix to users, four years later.

local lock = "lock:report"
local token = "5f0c6a2e8d4b11e4a2f10242ac110002"

local acquire_inverted = [[
return redis.call("SET", KEYS[1], ARGV[1], "NX") and 1 or 0 -- ARGV[2], the timeout, is not used
]]

local release = [[
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("DEL", KEYS[1])
]]

local function work(redis, p)
  redis.call("SET", "report:made_at", p.now)
end

return {
  title = "redis-py: a lock with a timeout that never expires",
  source = "https://github.com/redis/redis-py/issues/554",
  params = { ttl_ms = 10000, period = 60 },

  strategies = {
    { name = "old", expect = { "leaked", "stuck" },
      about = "2.10: SETNX, then PEXPIRE",
      update = function(redis, p)
        if redis.call("SETNX", lock, token) == 0 then
          return
        end
        redis.call("PEXPIRE", lock, p.ttl_ms)
        work(redis, p)
        redis.call("WATCH", lock)
        if redis.call("GET", lock) == token then
          redis.call("DEL", lock)
        end
        redis.call("UNWATCH")
      end },

    { name = "half", expect = { "leaked", "stuck" },
      about = "LuaLock of December 2014: one command, which sets no expiry",
      update = function(redis, p)
        if redis.call("EVAL", acquire_inverted, 1, lock, token, p.ttl_ms) == 1 then
          work(redis, p)
          redis.call("EVAL", release, 1, lock, token)
        end
      end },

    { name = "new", expect = "safe", reference = true,
      about = "3.0.0: SET NX PX",
      update = function(redis, p)
        if redis.call("SET", lock, token, "NX", "PX", p.ttl_ms) then
          work(redis, p)
          redis.call("EVAL", release, 1, lock, token)
        end
      end },
  },

  alive = acquires(lock),
}
