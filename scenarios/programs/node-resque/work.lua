-- A worker of node-resque does a job. Since 8.0.0 a script takes it and notes who has it (releases before that
-- lost it in between: the scenario node_resque_job_nowhere).
--
--   SADD workers NAME | SET worker:NAME:started | SET worker:ping:NAME
--   | EVAL pop: LPOP queue:mail, SET worker:NAME:mail job | INCR done:1, the job itself
--   | MULTI ; INCR stat:processed twice ; EXEC | DEL worker:NAME:mail | EVALSHA pop
--   | MULTI ; SREM workers ; DEL ping, started, .. ; EXEC
--
-- Killed with the job, the worker is found by the scheduler when its ping is an hour old; the job goes to
-- `failed`, and with `retryStuckJobs` back to its queue: nothing is lost. But what the scheduler deletes is
-- worker:NAME, where the job stands in worker:NAME:QUEUES, so that this key stays for ever. Killed behind the
-- job itself, it is done twice, as any queue that works at least once does it. What a start leaves that
-- was killed is in start.lua, and here as well.
--
-- Searched in node-resque's issues: 296 is about another key that stayed (`started`, mended by 297); no report
-- of this one was found. Sure: one connection. The worker's ping is a time in a value: survivors that come an
-- hour later need a clock that says so.

local enqueue = { "node", "enqueue.js" }
local work = { "node", "work.js" }

return {
  title = "node-resque: a worker does a job",
  source = "https://github.com/actionhero/node-resque/issues/296",
  clock = "frozen",
  moments = { 7200 }, -- when everybody takes a dead worker for one: by times in the data

  before = { command = enqueue },

  strategies = {
    { name = "node-resque", expect = { "leaked", "duplicated" }, about = "9.7.1", command = work },
  },

  -- The scheduler's next round, and another worker
  recover = { { "node", "schedule.js" }, work },
  alive = { enqueue, work },

  effects = { "done:*" },
  ignore = { "resque:stat:*", "resque:connection_test_key" },
}
