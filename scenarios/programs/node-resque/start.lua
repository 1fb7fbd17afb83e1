-- A worker of node-resque starts, finds the queue empty, and ends.
--
--   SADD workers NAME | SET worker:NAME:started | SET worker:ping:NAME | EVAL pop
--   | MULTI ; SREM workers ; DEL ping, started, .. ; EXEC
--
-- The scheduler takes workers for dead whose ping is an hour old. One that was killed before its first ping has
-- none, so it stays in `workers` for ever; cleanOldWorkers() looks only at those that have begun a job. Issues
-- 312 and 429 tell of such workers, of a hundred of them in 429, without saying where they come from; issue
-- 1225 of actionhero suspects a worker "which only has some of its data in redis".
--
-- Sure: one connection, each waits for its reply.

local work = { "node", "work.js" }

return {
  title = "node-resque: a worker starts",
  source = "https://github.com/actionhero/node-resque/issues/312",
  clock = "frozen",
  moments = { 7200 }, -- when everybody takes a dead worker for one: by times in the data

  strategies = {
    { name = "node-resque", expect = "leaked", about = "9.7.1", command = work },
  },

  -- The scheduler's next round, and another worker
  recover = { { "node", "schedule.js" }, work },
  alive = { { "node", "enqueue.js" }, work },

  effects = { "done:*" },
  ignore = { "resque:stat:*", "resque:connection_test_key" },
}
