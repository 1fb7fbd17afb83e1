-- node-resque's Queue.retryAndRemoveFailed(): what somebody starts who presses "retry" behind a failed job.
--
--   LREM failed job | MULTI ; SADD queues ; RPUSH queue:mail ; EXEC
--
-- Removed first and added then: killed in between, the job is nowhere. Searched in node-resque's issues: no
-- report was found; the function came with pull request 74 (2015). A scheduler with `retryStuckJobs` does the
-- same, for jobs of workers that have died.
--
-- Sure: one connection, each of the two waits for its reply. The first command of every connection of
-- node-resque, SET connection_test_key, is left out here and below.

local fail = { "node", "fail.js" }
local retry = { "node", "retry.js" }
local work = { "node", "work.js" }

return {
  title = "node-resque: a failed job is tried again",
  source = "https://github.com/actionhero/node-resque/pull/74",
  clock = "frozen",

  before = { command = fail },

  strategies = {
    { name = "node-resque", expect = "lost", about = "9.7.1", command = retry },
  },

  -- Whatever is still listed as failed is tried again, and a worker does it.
  recover = { retry, work },
  alive = { fail, retry, work },

  effects = { "done:*" },
  ignore = { "resque:stat:*", "resque:connection_test_key" },
}
