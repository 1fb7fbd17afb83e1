-- Damage without a crash: the previous heartbeat has lapsed, and a heartbeat that trusts in the old
-- expiry makes the hash anew without one. And recovery that heals: `renewed` leaks in the same way,
-- but has a janitor of its own.
local function beat(redis)
  redis.call("HSET", "process", "beat", "1")
end

local function whole(redis)
  redis.multi(function()
    beat(redis)
    redis.call("EXPIRE", "process", 60)
  end)
end

return {
  title = "a heartbeat after a long pause",
  strategies = {
    { name = "beat-only", expect = "leaked", update = beat },
    { name = "beat-with-janitor", expect = "safe", update = beat,
      recover = function(redis) redis.call("DEL", "process") end },
    { name = "beat-and-expire", expect = "atomic", reference = true, update = whole },
  },
}
