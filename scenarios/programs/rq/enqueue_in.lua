-- RQ's Queue.enqueue_in(), as Debian has it. The entry in the registry of scheduled jobs does not go into the
-- pipeline in which the job is written: it is sent at once, and its reply waited for.
--
--   INFO | ZADD rq:scheduled:mail | MULTI ; SADD rq:queues ; HSET rq:job ; EXEC
--
-- A program killed behind ZADD leaves an entry without a job. The scheduler of 1.13 passes over it and does not
-- remove it, so it stays for ever; a thousand of them that are due, and a scheduler reads nothing else, for it
-- takes a thousand at a time. Later schedulers remove such entries; the ZADD is still outside of the pipeline
-- in the sources of 2026. Searched in RQ's issues: no report was found. (Pull request 1238 put SADD into the
-- pipeline.)
--
-- Sure: one connection, two pieces. The job is due at once, so that survivors need not wait for it.

local work = { "/usr/bin/python3", "work.py" }
local schedule = { "/usr/bin/python3", "schedule.py" }
local enqueue_in = { "/usr/bin/python3", "enqueue_in.py" }

return {
  title = "RQ: a job is scheduled",
  source = "https://github.com/rq/rq/blob/master/rq/registry.py",
  clock = "frozen",

  strategies = {
    { name = "rq", expect = "leaked", about = "1.13.0, python3-rq of Debian 12", command = enqueue_in },
  },

  -- The scheduler's next round, and a worker
  recover = { schedule, work },
  alive = { enqueue_in, schedule, work },

  effects = { "done:*" },
  -- When finished jobs may be forgotten: a time from when they were done.
  ignore = { "rq:finished:mail" },
}
