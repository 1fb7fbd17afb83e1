-- Strategies with functions of their own: another reaper, another try, another old state. The job `held` is that
-- of a worker that has died before.
local function put_back(redis)
  while redis.call("LMOVE", "busy", "queue", "LEFT", "LEFT") do end
end

local function forget(redis)
  redis.call("DEL", "busy", "lock")
end

local function work(redis)
  redis.call("LMOVE", "queue", "busy", "RIGHT", "LEFT")
  redis.call("SET", "lock", "me")
  redis.call("DEL", "lock")
  redis.call("MULTI")
  redis.call("LPOP", "busy")
  redis.call("RPUSH", "done", "job")
  redis.call("EXEC")
end

local function at_once(redis)
  redis.call("EVAL", "redis.call('RPUSH', KEYS[2], redis.call('RPOP', KEYS[1]))", 2, "queue", "done")
end

return {
  title = "functions of strategies' own",
  before = function(redis)
    redis.call("RPUSH", "busy", "held")
    redis.call("RPUSH", "queue", "job")
  end,
  strategies = {
    -- Its reaper forgets what is in progress.
    { name = "forgets", expect = "mixed", update = work, recover = forget },
    { name = "forgets-once", expect = "safe", update = at_once, recover = forget },
    -- Its reaper raises, dead worker or not.
    { name = "raises", expect = "safe", update = at_once,
      recover = function(redis)
        put_back(redis)
        error("no such luck")
      end },
    -- A lock that nobody minds, and one that its next worker does.
    { name = "unminded", expect = "leaked", update = work },
    { name = "minded", expect = { "leaked", "stuck" }, update = work,
      alive = function(redis) return redis.call("EXISTS", "lock") == 0 end },
    -- From another old state, in which others hold the lock.
    { name = "locked", expect = "lost", before = function(redis)
        redis.call("SET", "lock", "them")
        redis.call("RPUSH", "queue", "job")
      end,
      update = function(redis)
        redis.call("DEL", "lock")
        at_once(redis)
        redis.call("SET", "lock", "them")
      end },
    { name = "reference", expect = "atomic", reference = true, update = at_once },
  },
  recover = put_back,
}
