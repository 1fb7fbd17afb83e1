-- A worker of bee-queue does a job, on two connections; the job itself counts on a third.
--
--   MULTI LLEN ..  EXEC, how many wait | EVALSHA checkStalledJobs
--   | BRPOPLPUSH waiting active 0 | HGET jobs 1 | SREM stalling 1 | INCR done:1, the job itself
--   | MULTI ; LREM active ; SREM stalling ; HDEL jobs ; PUBLISH ; EXEC
--
-- A worker killed with the job leaves it in `active`; two checks of somebody else, an interval apart, put it
-- back (janitor.js). Nothing is lost, as the scenario control_bee_queue_run says, which has the same as a model.
-- Killed behind the job itself, it is done twice: at least once is what bee-queue promises, and `duplicated`
-- is what this looks like. Issues 181 and 438 tell of jobs that stay in `active`: before the interval was over,
-- and with workers that were alive.
--
-- Sure of the order; survivors come too early as long as `stallBlock` is there, five seconds.

local add = { "node", "add.js" }
local work = { "node", "work.js" }

return {
  title = "bee-queue: a worker does a job",
  source = "https://github.com/bee-queue/bee-queue/issues/181",
  clock = "frozen",

  before = { command = add },

  strategies = {
    { name = "bee-queue", expect = "only duplicated", about = "2.0.0, by redis 3.1.2", command = work },
  },

  recover = { { "node", "janitor.js" }, work },
  alive = { add, work },

  effects = { "done:*" },
}
