-- Control: locks that look like the broken ones and are safe. Killed at any point, they leave at
-- most a lock that ends by itself; `torn` is what others see until then.
--
--   SET NX EX        taken and limited by one command
--   SETNX, EXPIRE    in MULTI, one write per command: MULTI without EXEC leaves nothing
--   a script         the same in a script (node-redis-warlock 0.0.6: SETNX, PEXPIRE)
--
-- (MULTI has another fault, which is not a crash: who does not get the lock renews it for its
-- holder.)

local lock, owner = "lock:backup", "app-1:4242"

local take = [[
if redis.call("SETNX", KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call("PEXPIRE", KEYS[1], ARGV[2])
return 1
]]

local release = [[
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("DEL", KEYS[1])
]]

local function work_and_release(redis, p)
  redis.call("SET", "backup:made_at", p.now)
  redis.call("EVAL", release, 1, lock, owner)
end

return {
  title = "Control: a lock that ends by itself",
  source = "https://redis.io/docs/latest/commands/set/",
  params = { ttl = 30, period = 60 },

  strategies = {
    { name = "set-nx-ex", expect = "safe", reference = true, about = "SET NX EX",
      update = function(redis, p)
        if redis.call("SET", lock, owner, "NX", "EX", p.ttl) then
          work_and_release(redis, p)
        end
      end },

    { name = "multi", expect = "safe", about = "SETNX and EXPIRE in MULTI, one write each",
      update = function(redis, p)
        local replies = redis.multi(function()
          redis.call("SETNX", lock, owner)
          redis.call("EXPIRE", lock, p.ttl)
        end, { writes = "each" })
        if replies[1] == 1 then
          work_and_release(redis, p)
        end
      end },

    { name = "script", expect = "safe", about = "SETNX and PEXPIRE in a script",
      update = function(redis, p)
        if redis.call("EVAL", take, 1, lock, owner, p.ttl * 1000) == 1 then
          work_and_release(redis, p)
        end
      end },
  },

  alive = acquires(lock),
}
