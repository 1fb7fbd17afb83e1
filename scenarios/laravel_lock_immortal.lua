-- Laravel's cache lock, Cache::lock("invoices", 10): whoever makes the key has the lock, for at
-- most ten seconds. A process killed between SETNX and EXPIRE leaves "a never expires lock": the
-- scheduled task that wants it is skipped for ever, until somebody deletes the key by hand.
--
--   versions       on the wire, each waits for its reply                      strategy here
--   to 6.11        SETNX name owner, EXPIRE name seconds if the reply was 1   old
--   from 6.12.0    SET name owner EX seconds NX                               new
--
-- Both release by a script that deletes the key if it still holds the owner's token. Killed
-- while it holds the lock, `new` blocks others for ten seconds at most: what a lock with a time
-- limit is for.

local lock = "laravel_cache:invoices"
local owner = "VbKcG2kq8xLmT0aR"

local release = [[
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("DEL", KEYS[1])
]]

local function work_and_release(redis, p)
  redis.call("SET", "invoices:sent_at", p.now)
  redis.call("EVAL", release, 1, lock, owner)
end

return {
  title = "Laravel: a cache lock that never expires",
  source = "https://github.com/laravel/framework/issues/31166",
  params = { ttl = 10, period = 60 },

  strategies = {
    { name = "old", expect = { "leaked", "stuck" },
      about = "to 6.11: SETNX, then EXPIRE",
      update = function(redis, p)
        if redis.call("SETNX", lock, owner) == 1 then
          redis.call("EXPIRE", lock, p.ttl)
          work_and_release(redis, p)
        end
      end },

    { name = "new", expect = "safe", reference = true,
      about = "6.12.0: SET EX NX",
      update = function(redis, p)
        if redis.call("SET", lock, owner, "EX", p.ttl, "NX") then
          work_and_release(redis, p)
        end
      end },
  },

  -- The next minute's run wants the lock.
  alive = acquires(lock),
}
