-- cachelib's RedisCache.add(key, value, timeout), once werkzeug.contrib.cache, used by
-- Flask-Caching: "set it if nobody has". A process killed between SETNX and EXPIRE leaves an
-- entry for ever, and no later add() of that key succeeds. Callers use it as a lock, or to do
-- something once an hour.
--
--   versions               on the wire, each waits for its reply    strategy here
--   0.9.0 (and later)      SETNX key value, EXPIRE key seconds      old
--   not in any release     SET key value NX EX seconds              new

local key, value = "flask_cache_digest-sent", "!\x80\x04\x88."

return {
  title = "cachelib: add() once, and never again",
  source = "https://github.com/pallets-eco/cachelib",
  params = { ttl = 3600, period = 3600 },

  strategies = {
    { name = "old", expect = { "leaked", "stuck" }, about = "0.9.0: SETNX, then EXPIRE",
      update = function(redis, p)
        if redis.call("SETNX", key, value) == 1 then
          redis.call("EXPIRE", key, p.ttl)
        end
      end },

    { name = "new", expect = "atomic", reference = true,
      about = "not in any release: SET NX EX",
      update = function(redis, p)
        redis.call("SET", key, value, "NX", "EX", p.ttl)
      end },
  },

  -- add() an hour later
  alive = "SETNX " .. key .. " value",
}
