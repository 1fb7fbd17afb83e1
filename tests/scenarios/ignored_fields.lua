-- Fields of hashes that are ignored, and what is named like them and is not. All updates end as they began.
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
  title = "fields that do not count",
  noop = true,
  ignore = { "job:*#ats", "job:*#trace-*", "job:\\#*" },
  before = function(redis)
    redis.call("HSET", "job:1", "state", "new", "ats", 1)
    redis.call("HSET", "other", "ats", 1)
    redis.call("HSET", "job:hollow", "ats", 1, "trace-1", "x")
    redis.call("HSET", "job:lease", "ats", 1)
    redis.call("EXPIRE", "job:lease", 60)
    redis.call("SET", "job:#count", 1) -- a key whose name begins so
  end,
  strategies = {
    there_and_back("value", "atomic", { "HSET", "job:1", "ats", 2 }, { "INCR", "job:#count" }),
    there_and_back("more", "atomic", { "HSET", "job:1", "trace-7", "x" }, { "HDEL", "job:1", "trace-7" }),
    there_and_back("less", "atomic", { "HDEL", "job:1", "ats" }, { "HSET", "job:1", "ats", 1 }),
    there_and_back("another-field", "mixed", { "HSET", "job:1", "state", "x" }, { "HSET", "job:1", "state", "new" }),
    there_and_back("another-hash", "mixed", { "HSET", "other", "ats", 2 }, { "HSET", "other", "ats", 1 }),
    there_and_back("a-key", "leaked", { "SET", "job:1#ats", 1 }, { "DEL", "job:1#ats" }),
    there_and_back("a-set", "leaked", { "SADD", "job:2", "ats" }, { "DEL", "job:2" }),
    there_and_back("nothing-else", "leaked", { "HSET", "job:2", "ats", 1 }, { "DEL", "job:2" }),
    there_and_back("gone", "lost", { "DEL", "job:hollow" }, { "HSET", "job:hollow", "trace-2", 1 }),
    there_and_back("forever", "leaked", { "PERSIST", "job:lease" }, { "EXPIRE", "job:lease", 60 }),
    { name = "nothing", reference = true, update = function(redis) redis.call("PING") end },
  },
}
