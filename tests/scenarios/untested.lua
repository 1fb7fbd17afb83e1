-- Updates of which no death leaves anything but the old state: --set what=.. says why. The last five are tests
-- all the same: one piece that writes what is there already, as a transaction and as a script; two pieces with a
-- gap between them; a list whose order `alive` looks at; an expiry alone.
local beats = {
  nothing = function() end,
  reads = function(redis) redis.call("GET", "a") end,
  failing = function(redis) redis.call("SET", "a", 2, "NX") end,
  same = function(redis)
    redis.call("HSET", "h", "f", 1)
    redis.call("HSET", "h", "g", 2)
  end,
  ignored = function(redis)
    redis.call("SET", "stat:a", 1)
    redis.call("SET", "stat:b", 1)
  end,
  stamps = function(redis)
    redis.call("HSET", "h", "at", 1)
    redis.call("HSET", "h", "at", 2)
  end,
  beat = function(redis)
    redis.multi(function()
      redis.call("DEL", "h")
      redis.call("HSET", "h", "f", 1, "g", 2)
    end)
  end,
  script = function(redis) redis.call("EVAL", "redis.call('HSET', KEYS[1], 'f', 1)", 1, "h") end,
  gap = function(redis)
    redis.call("DEL", "h")
    redis.call("HSET", "h", "f", 1, "g", 2)
  end,
  order = function(redis)
    redis.call("RPOPLPUSH", "q", "q")
    redis.call("RPOPLPUSH", "q", "q")
  end,
  expiry = function(redis)
    redis.call("EXPIRE", "a", 60)
    redis.call("PERSIST", "a")
  end,
}

return {
  title = "updates that change nothing",
  params = { what = "nothing" },
  ignore = { "stat:*", "h#at" },
  before = function(redis)
    redis.call("SET", "a", 1)
    redis.call("HSET", "h", "f", 1, "g", 2, "at", 0)
    redis.call("RPUSH", "q", "x", "y")
  end,
  strategies = {
    { name = "update", update = function(redis, p) beats[p.what](redis) end },
  },
  alive = function(redis) return redis.call("LINDEX", "q", 0) == "x" end,
}
