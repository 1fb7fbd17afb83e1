-- node-resque's scheduler moves two jobs that are due to their queue, one after the other:
--
--   SET leader_lock NX EX 180 | ZRANGEBYSCORE delayed_queue_schedule
--   | LPOP delayed:T | SREM timestamps:JOB | MULTI ; SADD queues ; RPUSH queue:mail ; EXEC   for each job
--   | WATCH .. | MULTI ; DEL delayed:T ; ZREM delayed_queue_schedule ; EXEC
--   | EXPIRE leader_lock .. | DEL leader_lock
--
-- Killed between LPOP and EXEC, the job is in no list and in no queue; before SREM an entry in timestamps:JOB
-- stays as well. The scenario node_resque_transfer_lost has the same as a model, with a cure. Searched in
-- node-resque's issues: no report of this was found; in issue 27 its author names the like in workers. Ruby's
-- resque-scheduler has the same order.
--
-- Sure: one connection, each waits for its reply. Survivors have to wait for the leader's lock, three minutes.

local delay = { "node", "delay.js" }
local schedule = { "node", "schedule.js" }
local work = { "node", "work.js" }

return {
  title = "node-resque: delayed jobs are moved to their queue",
  source =
    "https://github.com/actionhero/node-resque/blob/8c858b07cb64d896734f81fcd6592b1477bdb70d/src/core/scheduler.ts",
  clock = "frozen",
  moments = { 7200 }, -- when everybody takes a dead worker for one: by times in the data

  before = { command = delay },

  strategies = {
    { name = "node-resque", expect = { "lost", "leaked" }, about = "9.7.1", command = schedule },
  },

  -- Another scheduler becomes the leader and moves the rest; a worker does them.
  recover = { schedule, work },
  alive = { delay, schedule, work },

  effects = { "done:*" },
  ignore = { "resque:stat:*", "resque:connection_test_key" },
}
