-- BullMQ adds a job: one script.
--
--   EVAL addStandardJob: INCR id, HSET job, LPUSH wait, ZADD marker, XADD events | HSET meta | QUIT
--
-- Bull's first releases sent INCR, HMSET and a script, and left jobs in no list (issue 54 of Bull; the scenario
-- bull_add_zombie). HSET meta says which version made the queue, and nothing else; it comes with each Queue.
--
-- A control. Sure: one connection, one command that matters.

local add = { "node", "add.js" }
local work = { "node", "work.js" }

return {
  title = "BullMQ: a job is added",
  source = "https://github.com/OptimalBits/bull/issues/54",
  clock = "frozen",

  strategies = {
    { name = "bullmq", expect = "atomic", about = "6.7.0", command = add },
  },

  recover = { { "node", "janitor.js" }, work },
  alive = { add, work },

  effects = { "done:*" },
  ignore = { "bull:mail:events", "bull:mail:meta" },
}
