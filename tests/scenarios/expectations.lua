-- Promises that are not kept. All strategies but the reference fail what they are expected to do.
local function leaks(redis)
  redis.call("SET", "key", "value")
  redis.call("EXPIRE", "key", 60)
end

local function gap(redis)
  redis.call("DEL", "cache")
  redis.call("SET", "cache", "value", "EX", 60)
  redis.call("SET", "key", "value", "EX", 60)
end

return {
  title = "promises that are not kept",
  before = function(redis) redis.call("SET", "cache", "value", "EX", 60) end,
  strategies = {
    { name = "not-atomic", expect = "atomic", update = gap },
    { name = "not-safe", expect = "safe", update = leaks },
    { name = "not-lost", expect = "lost", update = leaks },
    { name = "not-both", expect = { "leaked", "stuck" }, update = leaks },
    { name = "not-uncrashed", expect = "safe",
      update = function(redis) redis.call("PERSIST", "cache") end },
    { name = "unspoken", update = leaks },
    { name = "kept", expect = "atomic", reference = true,
      update = function(redis) redis.call("SET", "key", "value", "EX", 60) end },
  },
}
