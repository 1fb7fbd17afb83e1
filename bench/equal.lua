-- Two strategies that are the same, for bench/equal: whatever tells them apart is wrong.
local function update(redis)
  redis.call("SET", "a", "1")
  redis.call("SET", "b", "1", "EX", 60)
  redis.call("EXPIRE", "a", 60)
end

return {
  title = "the same update twice",
  strategies = {
    { name = "one", update = update },
    { name = "two", update = update, reference = true },
  },
}
