-- Effects of every type, changed and changed back: less than is right is lost, more is duplicated, and nothing
-- is leaked or mixed.
local function there_and_back(name, expect, there, back)
  return { name = name, expect = expect, update = there .. " | " .. back }
end

return {
  title = "effects, type by type",
  noop = true,
  effects = { "e:*" },
  before = [[SET e:n 2 | SET e:text x | HSET e:h a 2 t x | ZADD e:z 2 a | SADD e:s a | RPUSH e:l a b |
             XADD e:x 1-1 f 1 | SET e:ttl 1 EX 60]],
  strategies = {
    there_and_back("up", "duplicated", "INCR e:n", "DECR e:n"),
    there_and_back("down", "lost", "DECR e:n", "INCR e:n"),
    there_and_back("gone", "lost", "DEL e:n", "SET e:n 2"),
    there_and_back("new", "duplicated", "INCR e:m", "DEL e:m"),
    there_and_back("nought", "safe", "SET e:m 0", "DEL e:m"),
    there_and_back("text", "duplicated", "SET e:text y", "SET e:text x"),
    there_and_back("field-up", "duplicated", "HINCRBY e:h a 1", "HINCRBY e:h a -1"),
    there_and_back("field-down", "lost", "HINCRBY e:h a -1", "HINCRBY e:h a 1"),
    there_and_back("field-text", "duplicated", "HSET e:h t y", "HSET e:h t x"),
    there_and_back("score", "duplicated", "ZINCRBY e:z 1 a", "ZINCRBY e:z -1 a"),
    there_and_back("member", "duplicated", "SADD e:s b", "SREM e:s b"),
    there_and_back("no-member", "lost", "SREM e:s a", "SADD e:s a"),
    there_and_back("entry", "duplicated", "RPUSH e:l b", "RPOP e:l"),
    there_and_back("no-entry", "lost", "LPOP e:l", "LPUSH e:l a"),
    there_and_back("message", "duplicated", "XADD e:x 2-1 f 1", "XDEL e:x 2-1"),
    there_and_back("no-message", "lost", "XDEL e:x 1-1", "XADD e:x 3-1 f 1"),
    there_and_back("for-ever", "duplicated", "PERSIST e:ttl", "EXPIRE e:ttl 60"),
    { name = "nothing", reference = true, update = "PING" },
  },
}
