-- `stuck` alone: what counts of the state is right, and the survivors' cleaning up fails all the same.
return {
  title = "recovery that cannot cope",
  ignore = { "marker" },
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
    if redis.call("EXISTS", "marker") == 1 then
      error("found a marker")
    end
  end,
}
