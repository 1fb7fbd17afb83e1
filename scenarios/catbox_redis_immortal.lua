-- catbox-redis, hapi's cache. A process killed between SET and EXPIRE leaves an entry that never
-- expires. hapi sees from the envelope that it is too old and does not use it; Redis keeps it
-- for ever.
--
--   versions        on the wire, each waits for its reply     strategy here
--   to 4.2.4        SET key envelope, EXPIRE key seconds      old
--   5.0.1 - 5.0.3   SET key envelope, PEXPIRE key ms          half
--   5.0.5           PSETEX key ms envelope                    new
--
-- `half` is about the unit: lives shorter than a second were rounded. The gap stayed.

local key = "hapi-cache:users:42"

local function envelope(p)
  return string.format('{"item":{"name":"Ada"},"stored":%d000,"ttl":%d}', p.now, p.ttl_ms)
end

return {
  title = "catbox-redis: a cached value that never expires",
  source = "https://github.com/hapijs/catbox-redis/issues/109",
  params = { ttl_ms = 30000, period = 30 },

  strategies = {
    { name = "old", expect = "leaked", about = "to 4.2.4: SET, then EXPIRE",
      update = function(redis, p)
        redis.call("SET", key, envelope(p))
        redis.call("EXPIRE", key, math.max(1, p.ttl_ms // 1000))
      end },

    { name = "half", expect = "leaked", about = "5.0.1 to 5.0.3: SET, then PEXPIRE",
      update = function(redis, p)
        redis.call("SET", key, envelope(p))
        redis.call("PEXPIRE", key, p.ttl_ms)
      end },

    { name = "new", expect = "atomic", reference = true, about = "5.0.5: PSETEX",
      update = function(redis, p)
        redis.call("PSETEX", key, p.ttl_ms, envelope(p))
      end },
  },
}
