-- Promises, most of which are not kept.
local function leaks(redis)
  redis.call("SET", "key", "value")
  redis.call("EXPIRE", "key", 60)
end

local function gap(redis)
  redis.call("DEL", "cache")
  redis.call("SET", "cache", "value", "EX", 60)
  redis.call("SET", "key", "value", "EX", 60)
end

local function loses_and_leaks(redis)
  redis.call("DEL", "list")
  redis.call("RPUSH", "list", "one")
  leaks(redis)
end

return {
  title = "promises that are not kept",
  before = function(redis)
    redis.call("SET", "cache", "value", "EX", 60)
    redis.call("RPUSH", "list", "one")
  end,
  strategies = {
    { name = "not-atomic", expect = "atomic", update = gap },
    { name = "not-safe", expect = "safe", update = leaks },
    { name = "not-lost", expect = "lost", update = leaks },
    { name = "not-both", expect = { "leaked", "stuck" }, update = leaks },
    { name = "not-only", expect = "only lost", update = loses_and_leaks },
    { name = "only-both", expect = { "only", "leaked", "lost" }, update = loses_and_leaks },
    { name = "not-uncrashed", expect = "safe",
      update = function(redis) redis.call("PERSIST", "cache") end },
    { name = "unspoken", update = leaks },
    { name = "kept", expect = "atomic", reference = true,
      update = function(redis) redis.call("SET", "key", "value", "EX", 60) end },
  },
}
