-- rack-attack counts requests per address and time window; the window's number is in the key's
-- name, so a key that got no expiry is never touched again. "Redis overflowed in a couple of
-- days."
--
--   versions                    on the wire                                      strategy here
--   rack-attack 6.6, redis-rb 4 INCRBY, EXPIRE; one write each, without waiting  old
--   rack-attack 6.6, redis-rb 5 the same in one buffer                           old-one-buffer
--   Rails 6.1's cache store     INCRBY; TTL; EXPIRE if there is none; waiting    half
--   not in any release          MULTI INCRBY, EXPIRE, EXEC                       new
--
-- `half` looks at the expiry with every hit and so heals a key that is hit again. That does for
-- a key like "visits", not for one that has the window in its name.

local function key(p)
  return string.format("rack::attack:%d:req/ip:203.0.113.7", p.now // p.window)
end

local function count(redis, p)
  redis.call("INCRBY", key(p), 1)
  redis.call("EXPIRE", key(p), p.window)
end

return {
  title = "rack-attack: counters that fill Redis",
  source = "https://github.com/rack/rack-attack/issues/349",
  params = { window = 60, period = 1 },

  strategies = {
    { name = "old", expect = "leaked",
      about = "rack-attack 6.6 with redis-rb 4: INCRBY, EXPIRE, one write each",
      update = function(redis, p)
        redis.pipeline(function() count(redis, p) end, { writes = "each" })
      end },

    { name = "old-one-buffer", expect = "leaked",
      about = "rack-attack 6.6 with redis-rb 5: the same in one buffer",
      update = function(redis, p)
        redis.pipeline(function() count(redis, p) end)
      end },

    { name = "half", expect = "leaked",
      about = "Rails 6.1's cache store: INCRBY, TTL, EXPIRE",
      update = function(redis, p)
        redis.call("INCRBY", key(p), 1)
        if redis.call("TTL", key(p)) < 0 then
          redis.call("EXPIRE", key(p), p.window)
        end
      end },

    { name = "new", expect = "atomic", reference = true,
      about = "the same in MULTI",
      update = function(redis, p)
        redis.multi(function() count(redis, p) end)
      end },
  },
}
