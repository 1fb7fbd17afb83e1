-- `lost`: a job is taken from the head of a list and put back at its tail. Where it stands does not
-- matter; that it is there does.
return {
  title = "a job that is gone",
  before = function(redis)
    redis.call("RPUSH", "queue", "job 1", "job 2", "job 3")
  end,
  strategies = {
    { name = "pop-then-push", expect = "lost",
      update = function(redis)
        redis.call("RPUSH", "queue", redis.call("LPOP", "queue"))
      end },
    { name = "move", expect = "atomic", reference = true,
      update = function(redis)
        redis.call("LMOVE", "queue", "queue", "LEFT", "RIGHT")
      end },
  },
}
