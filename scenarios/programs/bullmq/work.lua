-- A worker of BullMQ does a job, on one connection; a second one waits for markers of new jobs, and the
-- job itself counts on a third.
--
--   EVAL moveStalledJobsToWait | EVAL moveToActive: RPOPLPUSH wait active, SET job:lock PX
--   | INCR done:1, the job itself | EVAL moveToFinished: LREM active, DEL job, fetches the next
--
-- A worker killed with the job leaves it in `active`, with a lock that lasts half a minute; then two checks of
-- any other worker put it back (janitor.js; by itself a worker does one every half a minute). Nothing is lost.
-- Killed behind the job itself, it is done twice: at least once is what BullMQ promises, and `duplicated` is
-- what this looks like. Reports of jobs that stay in `active` (issues 652, 2580) ended with workers that were
-- alive, or had the check switched off.
--
-- Sure of the order; survivors come too early as long as the lock and `stalled-check` are there, and a job may
-- be put back once only (maxStalledCount), which a slow machine with a short lock would use up.

local add = { "node", "add.js" }
local work = { "node", "work.js" }

return {
  title = "BullMQ: a worker does a job",
  source = "https://docs.bullmq.io/guide/jobs/stalled",
  clock = "frozen",

  before = { command = add },

  strategies = {
    { name = "bullmq", expect = "only duplicated", about = "6.7.0", command = work },
  },

  recover = { { "node", "janitor.js" }, work },
  alive = { add, work },

  effects = { "done:*" },
  ignore = { "bull:mail:events", "bull:mail:meta" },
}
