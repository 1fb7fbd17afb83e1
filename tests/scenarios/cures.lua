-- Updates that look at what they are answered, and such as nothing ends: what is tried in their place.
return {
  title = "Cures that are tried, or cannot be",
  ignore = { "seen" },
  strategies = {
    -- Done already? Then nothing else is sent.
    { name = "guard", update = function(redis)
        if redis.call("HSET", "job", "state", "done") < 1 then return end
        redis.call("SADD", "done", "job")
      end },
    -- The same commands whatever the replies are.
    { name = "straight", update = "HSET job state done | SADD done job" },
    -- Nobody waits, so nobody can look.
    { name = "joined", update = "HSET job state done ; SADD done job" },
    -- What is sent depends on what was answered before, and not on what becomes one.
    { name = "numbered", update = function(redis)
        local id = redis.call("INCR", "seen")
        redis.call("HMSET", "job", "state", "done")
        redis.call("SADD", "done", "job")
        redis.call("SET", "seen", id)
      end },
    -- What is sent is what was read.
    { name = "read", before = function(redis) redis.call("SET", "seen", "job") end,
      update = function(redis)
        redis.call("HSET", "job", "state", "done")
        redis.call("SADD", "done", redis.call("GET", "seen"))
      end },
    { name = "list", update = "[HSET job state done ; SADD done job] | RPUSH log a" },
    { name = "set", update = "[HSET job state done ; SADD done job] | SADD log a" },
    { name = "zset", update = "[HSET job state done ; SADD done job] | ZADD log 1 a" },
    { name = "stream", update = "[HSET job state done ; SADD done job] | XADD log 1-1 f a" },
    { name = "string", update = "[HSET job state done ; SADD done job] | SETNX log a" },
    { name = "new", reference = true, update = "[HSET job state done ; SADD done job]" },
  },
}
