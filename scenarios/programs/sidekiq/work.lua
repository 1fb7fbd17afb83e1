-- A thread of Sidekiq fetches a job and does it, as Debian has it:
--
--   BRPOP queue:default 2 | INCR done:1, the job itself | BRPOP queue:default 2
--
-- A process killed with the job takes it along: it is in no list from BRPOP on. Known, and said by Sidekiq's
-- own pages on reliability; issues 1831 and 6829 are two of many reports. The paid editions fetch in another
-- way. Nobody recovers it: `recover` is another thread that looks at the queue.
--
-- The driver is the loop of one thread, without the heartbeat, the poller and 9 more threads of a process, so
-- that nothing comes at chance between its commands. Sure.

local enqueue = { "ruby", "enqueue.rb" }
local work = { "ruby", "work.rb" }

return {
  title = "Sidekiq: a thread does a job",
  source = "https://github.com/sidekiq/sidekiq/issues/6829",
  clock = "frozen",

  before = { command = enqueue },

  strategies = {
    { name = "sidekiq", expect = "lost", about = "6.4.1, ruby-sidekiq of Debian 12", command = work },
  },

  recover = { work },
  alive = { enqueue, work },

  effects = { "done:*" },
}
