-- Control: rate-limiter-flexible before 2.0.0 sets the expiry first, and then counts; then it
-- looks, and may set the expiry again, as the broken ones do. Nothing is left if it dies
-- anywhere.
--
--   versions    on the wire                                                      strategy here
--   to 1.3.2    MULTI SET key 0 EX seconds NX, INCRBY key, PTTL key, EXEC;       old
--               EXPIRE if the PTTL is -1 (node_redis 2 writes MULTI by itself)
--   2.0.0       a script: the same                                               new
--
-- It went to a script because of time, not of crashes: before Redis 7 a key could expire between
-- SET and INCRBY inside MULTI.

local key = "rlflx:203.0.113.7"

local script = [[
redis.call("SET", KEYS[1], 0, "EX", ARGV[2], "NX")
local count = redis.call("INCRBY", KEYS[1], ARGV[1])
local left = redis.call("PTTL", KEYS[1])
if left == -1 then redis.call("EXPIRE", KEYS[1], ARGV[2]) end
return {count, left}
]]

return {
  title = "Control: rate-limiter-flexible's counter",
  source = "https://github.com/animir/node-rate-limiter-flexible/commit/f66dc67",
  params = { window = 60, period = 1 },

  strategies = {
    { name = "old", expect = "atomic",
      about = "to 1.3.2: MULTI SET NX EX, INCRBY, PTTL; EXPIRE if there is none",
      update = function(redis, p)
        local replies = redis.multi(function()
          redis.call("SET", key, 0, "EX", p.window, "NX")
          redis.call("INCRBY", key, 1)
          redis.call("PTTL", key)
        end, { writes = "each" })
        if replies[3] == -1 then
          redis.call("EXPIRE", key, p.window)
        end
      end },

    { name = "new", expect = "atomic", reference = true, about = "2.0.0: one script",
      update = function(redis, p)
        redis.call("EVAL", script, 1, key, 1, p.window)
      end },
  },
}
