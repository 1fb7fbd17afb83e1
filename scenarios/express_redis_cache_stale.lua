-- express-redis-cache keeps rendered pages. A process killed between HMSET and EXPIRE leaves an
-- "infinitely long-lived cache key": the stale page is served for ever.
--
--   versions               on the wire, each waits for its reply                    strategy here
--   to 1.1.3 (latest)      HMSET key body type touched expire, EXPIRE key seconds   old
--   PR 128, not merged     SET key json EX seconds                                  new

local key = "erc:/prices"

return {
  title = "express-redis-cache: a stale page for ever",
  source = "https://github.com/rv-kip/express-redis-cache/pull/128",
  params = { ttl = 60, period = 60 },

  strategies = {
    { name = "old", expect = { "leaked", "stuck" }, about = "1.1.3: HMSET, then EXPIRE",
      update = function(redis, p)
        redis.call("HMSET", key, "body", "<h1>Prices</h1>", "type", "text/html",
                   "touched", p.now * 1000, "expire", p.ttl)
        redis.call("EXPIRE", key, p.ttl)
      end },

    { name = "new", expect = "atomic", reference = true, about = "PR 128: SET EX",
      update = function(redis, p)
        redis.call("SET", key, string.format(
          '{"body":"<h1>Prices</h1>","type":"text/html","touched":%d,"expire":%d}',
          p.now * 1000, p.ttl), "EX", p.ttl)
      end },
  },

  -- After its time, the page is rendered anew: the cache must be empty.
  alive = function(redis)
    return redis.call("EXISTS", key) == 0
  end,
}
