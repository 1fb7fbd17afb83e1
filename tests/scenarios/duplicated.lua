-- `duplicated`: a job is put at the tail of a list before it is taken from the head, and is there twice in
-- between. One that is put there and was nowhere before is `leaked`, however often it is there.
return {
  title = "a job that will be done twice",
  before = function(redis)
    redis.call("RPUSH", "queue", "job 1", "job 2")
  end,
  strategies = {
    { name = "push-then-pop", expect = "duplicated",
      update = function(redis)
        redis.call("RPUSH", "queue", "job 1")
        redis.call("LPOP", "queue")
      end },
    { name = "stranger", expect = "leaked",
      update = function(redis)
        redis.call("RPUSH", "queue", "job 3", "job 3")
        redis.call("RPOP", "queue", 2)
        redis.call("LMOVE", "queue", "queue", "LEFT", "RIGHT")
      end },
    { name = "move", expect = "atomic", reference = true,
      update = function(redis)
        redis.call("LMOVE", "queue", "queue", "LEFT", "RIGHT")
      end },
  },
}
