-- The same updates twice: written as functions, and in the notation. The test compares what is sent.
local function pair(name, update, text)
  return { name = name .. "-function", update = update }, { name = name .. "-text", update = text }
end

local list = {}
local function add(...)
  for _, strategy in ipairs({ pair(...) }) do
    list[#list + 1] = strategy
  end
end

add("waits", function(redis)
  redis.call("RPOP", "w")
  redis.call("LPUSH", "q", "a b", "", "\0\xff'\"\n")
end, [[RPOP w | LPUSH q "a b" '' "\x00\xff'\"\n"]])

add("buffer", function(redis)
  redis.pipeline(function()
    redis.call("RPOP", "w")
    redis.call("LPUSH", "q", "a")
  end)
  redis.call("INCR", "n")
end, "RPOP w ; LPUSH q a | INCR n")

add("multi", function(redis)
  redis.multi(function()
    redis.call("RPOP", "w")
    redis.call("LPUSH", "q", "a")
  end)
end, "[RPOP w ; LPUSH q a]")

add("atomic", function(redis)
  redis.multi(function()
    redis.call("RPOP", "w")
    redis.call("LPUSH", "q", "a")
    redis.call("INCR", "n")
  end)
end, atomic("RPOP w | [LPUSH q a ; INCR n]"))

add("mixed", function(redis)
  redis.pipeline(function()
    redis.call("INCR", "n")
    redis.multi(function()
      redis.call("RPOP", "w")
      redis.call("EVAL", "return redis.call('LPUSH', KEYS[1], 'a')", 1, "q")
    end)
  end)
end, "INCR n ; [RPOP w ; lua(LPUSH q a)]")

add("script", function(redis)
  redis.call("EVAL", "redis.call('RPOP', KEYS[1]) redis.call('LPUSH', KEYS[2], 'it\\039s') " ..
             "return redis.call('RPOPLPUSH', KEYS[2], 'w')", 2, "w", "q")
end, "lua(RPOP w ; LPUSH q \"it's\" ; RPOPLPUSH q w)")

local many = {}
for i = 1, 400 do
  many[i] = "m" .. i
end
add("many", function(redis)
  redis.call("RPUSH", "q", table.unpack(many))
  redis.call("EVAL", "return redis.call(unpack({'RPUSH', KEYS[1], '" .. table.concat(many, "', '") ..
             "'}))", 1, "w")
end, "RPUSH q " .. table.concat(many, " ") .. "|LUA(RPUSH w " .. table.concat(many, " ") .. ")")

-- Transactions as they are not written in brackets.
list[#list + 1] = { name = "raw",
                    update = "MULTI | INCR n ; EXEC | MULTI ; EXEC | MULTI ; DISCARD | INCR n" }

return {
  before = "RPUSH w job1 job2 | SET n 1",
  strategies = list,
}
