-- States that are the same bag of atoms and that the scenario's functions tell apart: each is judged for
-- itself. --set what=order: the order of a list; what=ids: the last id of a stream; what=deliveries: how often
-- an entry was delivered; what=read: the id that a group has read last; what=expiry: one that is later than is
-- right.
local ways = {
  order = {
    before = function(redis) redis.call("RPUSH", "q", "a", "b") end,
    turn = function(redis)
      redis.call("RPOPLPUSH", "q", "q")
      redis.call("RPOPLPUSH", "q", "q")
    end,
    alive = function(redis) return redis.call("LINDEX", "q", 0) == "a" end,
  },
  ids = {
    before = function(redis) redis.call("XADD", "s", "1-1", "f", "v") end,
    turn = function(redis)
      redis.call("XADD", "s", "5-1", "f", "v")
      redis.call("XDEL", "s", "5-1")
      redis.call("DEL", "s")
      redis.call("XADD", "s", "1-1", "f", "v")
    end,
    alive = function(redis) redis.call("XADD", "s", "2-1", "f", "v") end,
  },
  deliveries = {
    before = function(redis)
      redis.call("XADD", "s", "1-1", "f", "v")
      redis.call("XGROUP", "CREATE", "s", "g", "0")
      redis.call("XREADGROUP", "GROUP", "g", "me", "STREAMS", "s", ">")
    end,
    turn = function(redis)
      redis.call("XCLAIM", "s", "g", "me", 0, "1-1")
      redis.call("XCLAIM", "s", "g", "me", 0, "1-1", "RETRYCOUNT", 1)
    end,
    alive = function(redis) return redis.call("XPENDING", "s", "g", "-", "+", 1)[1][4] == 1 end,
  },
  read = {
    before = function(redis)
      redis.call("XADD", "s", "5-1", "f", "v")
      redis.call("XGROUP", "CREATE", "s", "g", "1-1")
    end,
    turn = function(redis)
      redis.call("XGROUP", "SETID", "s", "g", "2-1")
      redis.call("XGROUP", "SETID", "s", "g", "1-1")
    end,
    alive = function(redis) return redis.call("XINFO", "GROUPS", "s")[1][8] == "1-1" end,
  },
  expiry = {
    before = function(redis) redis.call("SET", "k", 1, "EX", 60) end,
    turn = function(redis)
      redis.call("SET", "k", 1)
      redis.call("EXPIRE", "k", 100000)
      redis.call("EXPIRE", "k", 60)
    end,
    alive = function() return true end,
  },
}

return {
  title = "states that differ in what functions see",
  params = { what = "order" },
  before = function(redis, p) ways[p.what].before(redis) end,
  strategies = {
    { name = "turn", update = function(redis, p) ways[p.what].turn(redis) end },
    { name = "nothing", reference = true, noop = true, update = function(redis) redis.call("PING") end },
  },
  alive = function(redis, p) return ways[p.what].alive(redis) end,
}
