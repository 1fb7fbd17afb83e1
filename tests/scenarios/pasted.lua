-- Updates that do harm, whose cure is MULTI .. EXEC around commands as they are.
return {
  title = "what is printed can be pasted",
  strategies = {
    { name = "odd", expect = "leaked", update = function(redis)
        redis.call("HINCRBY", "it's [a]", 'say "1; 2"', 1)
        redis.call("EXPIRE", "it's [a]", 60)
      end },
    { name = "buffer", expect = "leaked", update = [[DEL k ; HSET k a 1 ; HSET k "\x00\xff" 2 ; EXPIRE k 60]] },
    { name = "two", expect = "leaked", update = "[INCR a ; INCR b] | EXPIRE b 60 | EXPIRE a 60" },
    { name = "script", reference = true, update = function(redis)
        redis.call("EVAL", string.rep(" ", 200) .. "return 1", 0)
        redis.call("EVAL", "redis.call('SET', 'done', 1, 'EX', 60)" .. string.rep(" ", 200), 0)
      end },
  },
}
