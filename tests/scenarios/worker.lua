-- What a worker can do with its life, for tests of the worker by itself: twenty commands on the wire
-- in each of three ways, and ends that nobody wants.
local function entries(redis)
  for i = 1, 20 do
    redis.call("RPUSH", "list", i)
  end
end

return {
  title = "a worker's life",
  strategies = {
    { name = "wait", update = entries },
    { name = "each", update = function(redis)
        redis.pipeline(function() entries(redis) end, { writes = "each" })
      end },
    { name = "raises", update = function(redis)
        redis.call("RPUSH", "list", 1)
        error("had enough")
      end },
    { name = "endless", update = function(redis)
        redis.call("RPUSH", "list", 1)
        while true do end
      end },
    { name = "buffer", reference = true, update = function(redis)
        redis.pipeline(function() entries(redis) end)
      end },
  },
}
