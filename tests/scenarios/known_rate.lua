-- A leak probability that is known by construction. The update is ten pieces of time of the same
-- length, spent waiting for Redis; the key has no expiry during `unsafe` of them. So of the
-- SIGKILLs inside the update a share of unsafe / 10 leaks, whatever the machine's speed.
--
-- A piece is a count of turns of a loop, not a time on the clock: since 7.2 the clock stands still
-- inside a script.
local piece = "for i = 1, ARGV[1] do end"

local function pass(redis, p, pieces)
  for _ = 1, pieces do
    redis.call("EVAL", piece, 0, p.turns)
  end
end

local function update(unsafe)
  return function(redis, p)
    local before = (10 - unsafe) // 2

    pass(redis, p, before)
    redis.call("SET", "key", "value")
    pass(redis, p, unsafe)
    redis.call("EXPIRE", "key", 60)
    pass(redis, p, 10 - unsafe - before)
  end
end

return {
  title = "a known share of the update is unsafe",
  params = { turns = 80000 },
  strategies = {
    { name = "three-tenths", expect = "leaked", update = update(3) },
    { name = "seven-tenths", expect = "leaked", update = update(7) },
    { name = "always", expect = "leaked", update = update(10) },
    { name = "never", expect = "atomic", reference = true,
      update = function(redis, p)
        pass(redis, p, 5)
        redis.call("SET", "key", "value", "EX", 60)
        pass(redis, p, 5)
      end },
  },
}
