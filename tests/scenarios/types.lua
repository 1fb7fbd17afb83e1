-- Every type of value. Each strategy changes one of them and changes it back, so a completed update
-- leaves the old state, and what its point 1 shows is the change alone. The id of a stream's entry,
-- which comes from the server's clock, stands last in its command, where no label shows it.
local function there_and_back(name, expect, there, back)
  return {
    name = name,
    expect = expect,
    update = function(redis)
      local reply = redis.call(table.unpack(there))
      local words = {}
      for i, word in ipairs(back) do
        words[i] = word == "REPLY" and reply or word
      end
      redis.call(table.unpack(words))
    end,
  }
end

return {
  title = "every type, changed and changed back",
  ignore = { "stat:*" },
  ordered = { "log" },
  noop = true, -- the order of a list, and what is ignored, do not count
  before = function(redis)
    redis.call("SET", "string", "a")
    redis.call("HSET", "hash", "f", "1", "g", "2")
    redis.call("SADD", "set", "a", "b")
    redis.call("ZADD", "zset", 1, "a", 2, "b")
    redis.call("RPUSH", "list", "a", "b")
    redis.call("RPUSH", "log", "a", "b")
    redis.call("XADD", "stream", "1-1", "f", "1")
    redis.call("XADD", "stream", "2-1", "f", "2")
    redis.call("XADD", "tasks", "1-1", "f", "1")
    redis.call("XADD", "tasks", "2-1", "f", "2", "g", "3")
    redis.call("XGROUP", "CREATE", "tasks", "group", "0")
    redis.call("XREADGROUP", "GROUP", "group", "me", "COUNT", 1, "STREAMS", "tasks", ">")
    redis.call("SET", "stat:updates", 1)
  end,
  strategies = {
    there_and_back("string", "mixed", { "SET", "string", "b" }, { "SET", "string", "a" }),
    there_and_back("string-expiry", "lost", { "EXPIRE", "string", 60 }, { "PERSIST", "string" }),
    there_and_back("hash-value", "mixed", { "HSET", "hash", "f", "3" }, { "HSET", "hash", "f", "1" }),
    there_and_back("hash-more", "leaked", { "HSET", "hash", "h", "3" }, { "HDEL", "hash", "h" }),
    there_and_back("hash-less", "lost", { "HDEL", "hash", "g" }, { "HSET", "hash", "g", "2" }),
    there_and_back("set-more", "leaked", { "SADD", "set", "c" }, { "SREM", "set", "c" }),
    there_and_back("set-less", "lost", { "SREM", "set", "a" }, { "SADD", "set", "a" }),
    there_and_back("zset-more", "leaked", { "ZADD", "zset", 3, "c" }, { "ZREM", "zset", "c" }),
    there_and_back("zset-less", "lost", { "ZREM", "zset", "a" }, { "ZADD", "zset", 1, "a" }),
    there_and_back("zset-score", "mixed", { "ZADD", "zset", 5, "a" }, { "ZADD", "zset", 1, "a" }),
    there_and_back("list-more", "leaked", { "RPUSH", "list", "c" }, { "RPOP", "list" }),
    there_and_back("list-again", "duplicated", { "RPUSH", "list", "a" }, { "RPOP", "list" }),
    there_and_back("list-less", "lost", { "LPOP", "list" }, { "LPUSH", "list", "a" }),
    there_and_back("list-order", "atomic", { "RPOPLPUSH", "list", "list" },
                   { "RPOPLPUSH", "list", "list" }),
    there_and_back("log-order", "mixed", { "RPOPLPUSH", "log", "log" },
                   { "RPOPLPUSH", "log", "log" }),
    there_and_back("log-more", "leaked", { "RPUSH", "log", "c" }, { "RPOP", "log" }),
    there_and_back("stream-more", "leaked", { "XADD", "stream", "*", "f", "3" },
                   { "EVAL", "redis.call('XDEL', KEYS[1], ARGV[1])", 1, "stream", "REPLY" }),
    there_and_back("stream-again", "duplicated", { "XADD", "stream", "*", "f", "2" },
                   { "EVAL", "redis.call('XDEL', KEYS[1], ARGV[1])", 1, "stream", "REPLY" }),
    there_and_back("stream-less", "lost", { "XDEL", "stream", "2-1" },
                   { "XADD", "stream", "3-1", "f", "2" }),
    there_and_back("stream-empty", "leaked", { "XADD", "trimmed", "MAXLEN", 0, "*", "f", 1 },
                   { "DEL", "trimmed" }),
    there_and_back("group-more", "leaked", { "XGROUP", "CREATE", "tasks", "new", "0" },
                   { "XGROUP", "DESTROY", "tasks", "new" }),
    there_and_back("group-read", "mixed", { "XGROUP", "SETID", "tasks", "group", "2-1" },
                   { "XGROUP", "SETID", "tasks", "group", "1-1" }),
    there_and_back("group-consumer", "leaked",
                   { "XGROUP", "CREATECONSUMER", "tasks", "group", "uuid-1" },
                   { "XGROUP", "DELCONSUMER", "tasks", "group", "uuid-1" }),
    there_and_back("group-pending", "leaked",
                   { "XCLAIM", "tasks", "group", "me", 0, "2-1", "FORCE" },
                   { "XACK", "tasks", "group", "2-1" }),
    there_and_back("group-ack", "lost", { "XACK", "tasks", "group", "1-1" },
                   { "XCLAIM", "tasks", "group", "me", 0, "1-1", "FORCE" }),
    there_and_back("ignored", "atomic", { "INCR", "stat:updates" }, { "DECR", "stat:updates" }),
    there_and_back("type", { "leaked", "lost" }, { "RENAME", "set", "other" },
                   { "RENAME", "other", "set" }),
    { name = "nothing", expect = "atomic", reference = true,
      update = function(redis) redis.call("PING") end },
  },
}
