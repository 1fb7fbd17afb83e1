-- Bull adds a repeatable job: the schedule, and the delayed job that makes the next run.
--
--   ZADD repeat NEXT KEY | EVAL addJob: HMSET repeat:MD5:NEXT, ZADD delayed | QUIT
--
-- Killed in between, the schedule is listed and nothing will ever run: issue 871, open since 2018, whose author
-- found it by reading the code; unfixed in the last release. Issue 2139 may be the same. The scenario
-- bull_repeat_never_again has the same as a model, with BullMQ's cure. The same add() again repairs it; programs
-- that first look whether the schedule is listed, as restart.js does, do not.
--
-- Sure: one connection, two commands. The report is a yearly one, so that a second in which the next run
-- changes is hardly met.

return {
  title = "Bull: a repeatable job is added",
  source = "https://github.com/OptimalBits/bull/issues/871",
  clock = "frozen",

  strategies = {
    { name = "bull", expect = "lost", about = "4.16.5", command = { "node", "repeat.js" } },
  },

  recover = { { "node", "restart.js" } },
  alive = { "node", "repeat.js" },

  -- When the delayed job was made, and how long it was to wait then: two clocks, if survivors made it.
  ignore = { "bull:reports:id", "bull:reports:repeat:*#timestamp", "bull:reports:repeat:*#delay" },
}
