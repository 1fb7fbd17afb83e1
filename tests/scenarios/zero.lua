-- Counters that are at 0 and that are not there: the same where `zero` names them, and only there.
local function there_and_back(name, expect, there, back)
  return {
    name = name,
    expect = expect,
    update = function(redis)
      redis.call(table.unpack(there))
      redis.call(table.unpack(back))
    end,
  }
end

return {
  title = "counters at 0",
  noop = true, -- to take away what is not there
  zero = { "n", "h", "z", "l" },
  before = function(redis)
    redis.call("SET", "n", 0)
    redis.call("HSET", "h", "running", 0, "name", "x")
  end,
  strategies = {
    there_and_back("gone", "atomic", { "DEL", "n" }, { "SET", "n", 0 }),
    there_and_back("up", "leaked", { "INCR", "n" }, { "DEL", "n" }),
    there_and_back("field-gone", "atomic", { "HDEL", "h", "running" }, { "HSET", "h", "running", 0 }),
    there_and_back("field-more", "atomic", { "HSET", "h", "waiting", 0 }, { "HDEL", "h", "waiting" }),
    there_and_back("field-up", "leaked", { "HINCRBY", "h", "running", 1 }, { "HINCRBY", "h", "running", -1 }),
    there_and_back("text", "leaked", { "SET", "n", "" }, { "SET", "n", 0 }),
    there_and_back("score", "leaked", { "ZADD", "z", 0, "a" }, { "ZREM", "z", "a" }),
    there_and_back("entry", "leaked", { "RPUSH", "l", 0 }, { "RPOP", "l" }),
    there_and_back("another", "leaked", { "SET", "m", 0 }, { "DEL", "m" }),
    { name = "nothing", reference = true, update = function(redis) redis.call("PING") end },
  },
}
