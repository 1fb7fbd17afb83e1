-- A strategy of which about 1 kill in 100 leaks, for bench/accuracy. The update is p.writes writes of the
-- same kind, none of which waits; the hash has no expiry between two of them that follow each other. The
-- time of one write is unsafe, and the others and the wait for all replies are not: with 46 writes that is
-- about a hundredth, on any machine where a write and a command of Redis's cost about the same.
local work = "app-1:4242:9f8e7d6c5b4a:work"

-- Around those that count, writes that change nothing and are made in the same way: the first command of
-- a kind takes longer.
local function update(count, commands)
  return function(redis, p)
    redis.pipeline(function()
      local first = (p.writes - count) // 2
      for i = 1, p.writes do
        if i == first then
          commands(redis)
        elseif i < first or i >= first + count then
          redis.call("EXPIRE", "none", 60)
        end
      end
    end, { writes = "each" })
  end
end

return {
  title = "a strategy that leaks once in a hundred kills",
  params = { writes = 46 },
  strategies = {
    { name = "one-percent", expect = "leaked",
      update = update(2, function(redis)
        redis.call("HSET", work, "b91c", "value")
        redis.call("EXPIRE", work, 60)
      end) },
    { name = "safe", expect = "atomic", reference = true,
      update = update(4, function(redis)
        redis.call("MULTI")
        redis.call("HSET", work, "b91c", "value")
        redis.call("EXPIRE", work, 60)
        redis.call("EXEC")
      end) },
  },
}
