-- `stuck` alone: the survivors' cleaning up removes everything, and fails all the same.
return {
  title = "recovery that cannot cope",
  strategies = {
    { name = "marked", expect = "stuck",
      update = function(redis)
        redis.call("SET", "marker", "working")
        redis.call("DEL", "marker")
      end },
    { name = "unmarked", expect = "atomic", reference = true, noop = true,
      update = function(redis) redis.call("PING") end },
  },
  recover = function(redis)
    if redis.call("DEL", "marker") == 1 then
      error("found a marker")
    end
  end,
}
